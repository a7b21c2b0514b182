'use strict';

async function showQueue() {
  document.getElementById('queue').textContent = queueWords(await (await ask('/api/queue')).json());
}
showQueue();
setInterval(() => { if (!document.hidden) showQueue().catch(() => {}); }, 3000);
