// Drives Chromium for screenshot.sh, and fails where the page does not behave: a request, an error, a page that scrolls sideways, a
// table that does not sort, a picture that does not open and close.
const assert = require('node:assert/strict');
const path = require('node:path');
const { pathToFileURL } = require('node:url');
const puppeteer = require('puppeteer-core');

const [file, out] = process.argv.slice(2);
const url = pathToFileURL(file).href;

async function open(browser, { width, dark = false, scripts = true, phone = false }) {
  const page = await browser.newPage();
  page.on('pageerror', (error) => { throw error; });
  page.on('console', (message) => { if (message.type() === 'error') throw new Error(message.text()); });
  page.on('request', (request) => {
    if (!request.url().startsWith('data:') && request.url().split('#')[0] !== url) throw new Error(`the page asks for ${request.url()}`);
  });
  await page.setJavaScriptEnabled(scripts);
  await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: dark ? 'dark' : 'light' }]);
  await page.setViewport({ width, height: phone ? 740 : 900, deviceScaleFactor: phone ? 2 : 1, isMobile: phone, hasTouch: phone });
  await page.goto(url);
  return page;
}

const save = (page, name, fullPage = true) => page.screenshot({ path: path.join(out, `${name}.png`), fullPage });

async function checkWidth(page) {
  const [content, window] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  assert.ok(content <= window, `the page is ${content} wide in a window of ${window}`);
}

// Every column sorts both ways by keyboard; what has no number or text stays last.
async function checkSorting(page) {
  for (const head of await page.$$('th button')) {
    for (const sign of [1, -1]) {
      await head.focus();
      await page.keyboard.press('Enter');
      const wrong = await head.evaluate((button, sign) => {
        const th = button.parentElement;
        if (th.getAttribute('aria-sort') !== (sign > 0 ? 'ascending' : 'descending')) return 'aria-sort';
        const number = th.classList.contains('number');
        const keys = [...th.closest('table').tBodies[0].rows].map((row) => {
          const cell = row.cells[th.cellIndex];
          return number ? (cell.dataset.key === '' ? NaN : Number(cell.dataset.key.replace('Inf', 'Infinity'))) : cell.textContent;
        });
        const missing = (k) => k === '' || Number.isNaN(k);
        const order = (a, b) => (number ? a - b : a.localeCompare(b, 'en', { numeric: true }));
        return keys.some((k, i) => i > 0 && (missing(keys[i - 1]) ? !missing(k) : !missing(k) && sign * order(keys[i - 1], k) > 0)) && String(keys);
      }, sign);
      assert.ok(!wrong, `column out of order: ${wrong}`);
    }
  }
}

async function checkEnlarging(page, name) {
  const card = await page.$('.card');
  if (!card) return;
  await card.click();
  const covers = () => page.$eval('figure', (f) => getComputedStyle(f).position === 'fixed');
  assert.ok(await covers(), 'a click does not enlarge the picture');
  await save(page, name, false);
  await page.keyboard.press('Escape');
  assert.ok(!await covers(), 'Escape does not close the picture');
}

async function checkCopying(browser, page) {
  const button = await page.$('.copy');
  if (!button) return;
  await page.bringToFront();
  await button.click();
  await page.waitForFunction((b) => b.textContent !== 'Copy', {}, button);
  assert.equal(await button.evaluate((b) => b.textContent), 'Copied');
}

(async () => {
  const browser = await puppeteer.launch({ executablePath: process.env.CHROMIUM, args: process.getuid() === 0 ? ['--no-sandbox'] : [] });
  try {
    const light = await open(browser, { width: 1280 });
    await save(light, 'light');
    await checkWidth(light);
    await checkEnlarging(light, 'light-enlarged');
    await checkCopying(browser, light);
    await checkSorting(light);

    const dark = await open(browser, { width: 1280, dark: true });
    await save(dark, 'dark');
    await dark.pdf({ path: path.join(out, 'print.pdf'), format: 'A4', preferCSSPageSize: true });

    const phone = await open(browser, { width: 360, phone: true });
    await save(phone, 'phone');
    await checkWidth(phone);
    await checkEnlarging(phone, 'phone-enlarged');

    const plain = await open(browser, { width: 1280, scripts: false });
    await save(plain, 'without-scripts');
    await checkWidth(plain);
  } finally {
    await browser.close();
  }
})().catch((error) => {
  console.error(error.message);
  process.exit(1);
});
