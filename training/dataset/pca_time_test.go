package dataset
import ("testing";"time";"fmt")
func TestTimePCA(t *testing.T) {
	set, _ := MNIST()
	for _, n := range []int{6000, 55000} {
		s := *set
		s.Train = set.Train.Head(n)
		start := time.Now()
		fvu, err := s.PCA([]int{0,1,8,16,32,64})
		fmt.Println(n, time.Since(start), fvu, err)
	}
	big, _ := Open("pneumonia", Options{Resize: Size{64,64}})
	start := time.Now()
	fvu, err := big.PCA([]int{0,1,8,16,32,64,784})
	fmt.Println(time.Since(start), fvu, err)
	dst := make([]float32, 32*784); idx := make([]int, 32); for i := range idx { idx[i]=i*7 }
	for _, tr := range []Treatment{{}, {Noise:.1},{Outliers:.01}} {
		s, _ := set.Treated(tr, 1)
		start := time.Now()
		for range 2000 { s.Train.Read(dst, idx) }
		fmt.Println(tr, time.Since(start)/64000, "an image")
	}
	start = time.Now()
	set.Treated(Treatment{Outliers:.01, Clip: Quantiles{.001,.999}, Scale: ScaleStandardize},1)
	fmt.Println("treated 55,000", time.Since(start))
}
