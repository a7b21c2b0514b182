package dataset

import (
	"archive/zip"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// cacheFiles lists what is in a cache folder.
func cacheFiles(t testing.TB, dir string) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// noise is n bytes that deflate can't compress, the same on every run.
func noise(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(mix(uint64(i)))
	}
	return b
}

// largeFile is a .npz file that is just worth caching; it is stored, which costs less time than to compress it.
func largeFile(t testing.TB) []byte {
	t.Helper()
	return archiveOf(t, zip.Store, "x.npy", npyFileOf("|u1", "False", fmt.Sprintf("(%d, 64, 64)", worthCaching/4096), noise(worthCaching)))
}

func TestCompressedSourceIsDecodedOnce(t *testing.T) {
	dir := t.TempDir()
	path := writeFile(t, "a.npz", largeFile(t))
	options := Options{CacheDir: dir}
	first, err := Open(path, options)
	if err != nil {
		t.Fatal(err)
	}
	files := cacheFiles(t, dir)
	if len(files) != 1 {
		t.Fatalf("cache holds %v", files)
	}
	made, err := os.Stat(files[0])
	if err != nil {
		t.Fatal(err)
	}
	reopen := func() *Set {
		t.Helper()
		set, err := Open(path, options)
		if err != nil {
			t.Fatal(err)
		}
		if set.Checksum != first.Checksum {
			t.Error("the checksum differs")
		}
		return set
	}
	reopen()
	if again, err := os.Stat(files[0]); err != nil || !os.SameFile(made, again) {
		t.Errorf("the source was decoded again: %v", err)
	}

	content, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	damaged := func(place int) []byte {
		copied := slices.Clone(content)
		copied[place] ^= 4
		return copied
	}
	for i, bad := range [][]byte{content[:len(content)-1], content[:50], nil, damaged(9), damaged(20), damaged(70), damaged(len(content) / 2)} {
		if err := os.WriteFile(files[0], bad, 0o644); err != nil {
			t.Fatal(err)
		}
		reopen()
		if repaired, err := os.ReadFile(files[0]); err != nil || !slices.Equal(repaired, content) {
			t.Errorf("damaged cache file %d was not rebuilt: %v", i, err)
		}
	}

	// A changed source makes a new copy, and the outdated one goes.
	later := time.Now().Add(time.Hour)
	if err := os.Chtimes(path, later, later); err != nil {
		t.Fatal(err)
	}
	abandonedFile := filepath.Join(dir, ".old"+cacheSuffix+"12")
	if err := os.WriteFile(abandonedFile, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	longAgo := time.Now().Add(-48 * time.Hour)
	if err := os.Chtimes(abandonedFile, longAgo, longAgo); err != nil {
		t.Fatal(err)
	}
	reopen()
	if now := cacheFiles(t, dir); len(now) != 1 || now[0] == files[0] {
		t.Errorf("cache holds %v", now)
	}
}

func TestCacheFolderThatCannotBeWritten(t *testing.T) {
	notAFolder := writeFile(t, "file", nil)
	file := largeFile(t)
	mustOpen(t, "a.npz", file, Options{CacheDir: notAFolder})
	if _, err := openFile(t, "a.npz", file, Options{CacheDir: notAFolder, Memory: 1000}); err == nil || !strings.Contains(err.Error(), "decode it to a file") {
		t.Errorf("error %v", err)
	}
}

// fileAndMemory opens the same images twice: read from a file, and from memory.
func fileAndMemory(t testing.TB, descr string, size int) (inFile, inMemory *Set) {
	const n = 500
	raw := npyFileOf(descr, "False", fmt.Sprintf("(%d, 8, 8)", n), noise(n*64*size))
	options := Options{Scale: ScaleUnit}
	if size > 1 {
		options.Scale = ScaleNone
	}
	inMemory = mustOpen(t, "a.npy", raw, options)
	options.Memory = 100
	inFile = mustOpen(t, "a.npy", raw, options)
	if inFile.Train.store.memory != nil || inMemory.Train.store.memory == nil {
		t.Fatal("the sets are not where they should be")
	}
	return inFile, inMemory
}

func TestReadFromFileEqualsMemory(t *testing.T) {
	for descr, size := range map[string]int{"|u1": 1, "<f4": 4, "<u2": 2} {
		inFile, inMemory := fileAndMemory(t, descr, size)
		if inFile.Checksum != inMemory.Checksum {
			t.Errorf("%s: checksums differ", descr)
		}
		indices := []int{7, 0, 399, 7, 123}
		a, b := make([]float32, 5*64), make([]float32, 5*64)
		inFile.Train.Prefetch(indices)
		var group sync.WaitGroup
		for range 4 {
			group.Go(func() {
				mine := make([]float32, 5*64)
				inFile.Train.Read(mine, indices)
			})
		}
		inFile.Train.Read(a, indices)
		inMemory.Train.Read(b, indices)
		group.Wait()
		for i := range a {
			if math.Float32bits(a[i]) != math.Float32bits(b[i]) {
				t.Fatalf("%s: value %d is %v from the file, %v from memory", descr, i, a[i], b[i])
			}
			if i < 64 && math.Float32bits(a[i]) != math.Float32bits(a[3*64+i]) {
				t.Fatalf("%s: the same image twice differs", descr)
			}
		}
		if err := inFile.Train.Err(); err != nil {
			t.Error(err)
		}
		for _, set := range []*Set{inFile, inMemory} {
			if n := testing.AllocsPerRun(100, func() { set.Train.Read(a, indices) }); n >= 1 && !raceDetector {
				t.Errorf("%s: Read allocates %v times", descr, n)
			}
		}
	}
}

func TestFileThatShrinks(t *testing.T) {
	path := writeFile(t, "a.npy", npyFileOf("|u1", "False", "(100, 8, 8)", noise(6400)))
	set, err := Open(path, Options{Memory: 100, CacheDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, 3000); err != nil {
		t.Fatal(err)
	}
	image := make([]float32, 64)
	set.Train.Read(image, []int{set.Train.Len() - 1})
	if err := set.Train.Err(); err == nil || !math.IsNaN(float64(image[0])) {
		t.Errorf("error %v, value %v", err, image[0])
	}
	if warnings := Describe(set).Warnings; len(warnings) == 0 || !strings.Contains(warnings[0], "can't all be read") {
		t.Errorf("warnings %q", warnings)
	}
	if err := set.CheckFinite(); err == nil || !strings.Contains(err.Error(), "read") {
		t.Errorf("error %v", err)
	}
}

func benchmarkRead(b *testing.B, set *Set) {
	indices := make([]int, 32)
	dst := make([]float32, len(indices)*set.Shape().Size())
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		for j := range indices {
			indices[j] = int(mix(uint64(i*32+j)) % uint64(set.Train.Len()))
		}
		set.Train.Read(dst, indices)
	}
}

func BenchmarkReadMemory(b *testing.B) {
	set, err := MNIST()
	if err != nil {
		b.Fatal(err)
	}
	benchmarkRead(b, set)
}

func BenchmarkReadFile(b *testing.B) {
	path := writeFile(b, "a.npy", npyFileOf("|u1", "False", "(60000, 28, 28)", noise(60000*784)))
	set, err := Open(path, Options{Memory: 1, Scale: ScaleUnit})
	if err != nil {
		b.Fatal(err)
	}
	benchmarkRead(b, set)
}

// A built-in set may be brought to more pixels than memory holds (60,000 digits of 2000x2000 are 240 GB): it then lies in files, as a set of one's own.
func TestALargeBuiltInSetLiesInFiles(t *testing.T) {
	large := Size{56, 56}
	held, err := Open("pneumonia", Options{Resize: large, CacheDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	options := Options{Resize: large, CacheDir: t.TempDir(), Memory: 1 << 20}
	for range 2 { // the second time the files are there already
		set, err := Open("pneumonia", options)
		if err != nil {
			t.Fatal(err)
		}
		if set.Train.store.memory != nil {
			t.Error("the images are held in memory")
		}
		if got, want := values(set.Train.Head(20)), values(held.Train.Head(20)); !slices.Equal(got, want) || set.Train.store.sum != held.Train.store.sum || set.Test.Len() != held.Test.Len() {
			t.Error("other images come out of the files")
		}
		if files, err := os.ReadDir(options.CacheDir); err != nil || len(files) < 2 || len(files) > 3 {
			t.Errorf("%d files, one for each part is expected; %v", len(files), err)
		}
	}
	options.CacheDir = filepath.Join(options.CacheDir, "none", "\x00")
	if _, err := Open("pneumonia", options); err == nil || !strings.Contains(err.Error(), "decode it to a file") {
		t.Errorf("without a place for them: %v", err)
	}
}

// TestNoCopyOutlivesATemporaryFile: the user's cache folder gets no copies of files in the folder of temporary ones, which nobody reads again.
func TestNoCopyOutlivesATemporaryFile(t *testing.T) {
	home := t.TempDir()
	for _, name := range []string{"HOME", "XDG_CACHE_HOME", "LocalAppData"} {
		t.Setenv(name, home)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	name := writeFile(t, "large.npz", largeFile(t))
	for _, memory := range []int64{0, 1 << 20} { // it fits; it must lie in a file
		set, err := Open(name, Options{Memory: memory})
		if err != nil {
			t.Fatal(err)
		}
		image := make([]float32, set.Shape().Size())
		set.Train.Read(image, []int{0})
		if err := set.Train.Err(); err != nil || image[0] == image[1] {
			t.Errorf("image %v, %v", image, err)
		}
		if left := cacheFiles(t, filepath.Join(cache, "dcae")); len(left) > 0 && runtime.GOOS != "windows" {
			t.Errorf("memory %d: %q was left", memory, left)
		}
	}
}
