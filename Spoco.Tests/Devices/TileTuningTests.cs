using Spoco.Kernels;
using Spoco.Kernels.Primitives;
using Spoco.Tests.Ops;
using Primitives = Spoco.Kernels.Primitives;

namespace Spoco.Tests.Devices;

/// <summary><see cref="TileTuning"/>, by a clock of the test's own, and on a device that emulates matrix units.</summary>
internal sealed class TileTuningTests : FolderTests
{
    private TimeSpan _time;

    [TestCase(64, 10, 20, 30, ExpectedResult = 64)]
    [TestCase(64, 20, 10, 30, ExpectedResult = 32)]
    [TestCase(64, 30, 20, 10, ExpectedResult = 16)]
    [TestCase(16, 10, 20, 30, ExpectedResult = 64)]
    [TestCase(32, 990, 1000, 1000, ExpectedResult = 32, Description = "no more than noise")]
    public int The_fastest_is_taken(int usual, int wide, int middle, int narrow) =>
        Tuning(null).Find(Problem(1), usual, 64, columns => Pass(columns switch { 64 => wide, 32 => middle, _ => narrow }));

    [Test]
    public void What_was_measured_is_known_and_kept()
    {
        var tuning = Tuning(Folder);
        Assert.That(tuning.Knows(Problem(1), out _), Is.False);
        Assert.That(tuning.Find(Problem(1), 64, 64, columns => Pass(columns)), Is.EqualTo(16));
        Assert.That(tuning.Knows(Problem(1), out var columns), Is.True);
        Assert.That(columns, Is.EqualTo(16));

        // The next process; another geometry, precision, device or driver is measured.
        Assert.That(Tuning(Folder).Find(Problem(1), 64, 64, _ => Assert.Fail("measured again")), Is.EqualTo(16));
        Assert.That(Computations(Tuning(Folder), Problem(2)), Is.GreaterThan(0));
        Assert.That(Computations(Tuning(Folder), Problem(1) with { Precision = Precision.BF16 }), Is.GreaterThan(0));
        Assert.That(Computations(Tuning(Folder, "another driver"), Problem(1)), Is.GreaterThan(0));
        Assert.That(Directory.GetFiles(Folder), Has.Length.EqualTo(2), "one for each device, and nothing temporary");
    }

    [TestCase("")]
    [TestCase("nonsense")]
    [TestCase("[]")]
    [TestCase("{}")]
    [TestCase("""{"version":1}""")]
    [TestCase("""{"version":99,"device":"a device","columns":{}}""")]
    [TestCase("""{"version":1,"device":"a device","columns":[]}""")]
    [TestCase("""{"version":1,"device":"a device","columns":{"KEY":"wide"}}""")]
    [TestCase("""{"version":1,"device":"a device","columns":{"KEY":48}}""")]
    [TestCase("""{"version":1,"device":"a device","columns":{"KEY":-64}}""")]
    [TestCase("""{"version":1,"device":"a device","columns":{"KEY":1e99}}""")]
    public void A_damaged_file_is_measured_over(string text)
    {
        Tuning(Folder).Find(Problem(1), 64, 64, Pass);
        var path = Directory.GetFiles(Folder).Single();
        File.WriteAllText(path, text.Replace("KEY", Problem(1).Key, StringComparison.Ordinal));
        Assert.That(Computations(Tuning(Folder), Problem(1)), Is.GreaterThan(0));
        Assert.That(Computations(Tuning(Folder), Problem(1)), Is.Zero);
    }

    [Test]
    public void A_folder_that_cannot_be_written_is_done_without()
    {
        var path = Path.Combine(Folder, "file");
        File.WriteAllText(path, "");
        Assert.That(Tuning(path).Find(Problem(1), 64, 64, columns => Pass(columns)), Is.EqualTo(16));
        Assert.That(File.ReadAllText(path), Is.Empty);
    }

    /// <summary>A few seconds at most for all geometries of a process; what is left over takes the usual tile.</summary>
    [Test]
    public void Measuring_ends()
    {
        var tuning = Tuning(null);
        var total = Enumerable.Range(1, 1000).Sum(i => Computations(tuning, Problem(i), milliseconds: 100));
        Assert.That(total, Is.InRange(12, 60));
        Assert.That(tuning.Find(Problem(2000), 32, 64, _ => Assert.Fail("out of time")), Is.EqualTo(32));
    }

    [Test]
    public void A_tile_that_has_no_other_is_not_measured() => Assert.That(Tuning(null).Find(Problem(1), 16, 16, _ => Assert.Fail("measured")), Is.EqualTo(16));

    [TestCase("0", false)]
    [TestCase("1", true)]
    [TestCase(null, true)]
    public void It_can_be_forbidden(string? value, bool expected)
    {
        using var device = ComputeDevice.Open("ilgpu-cpu").Ilgpu;
        Assert.That(device.Tuning, Is.Null, "there are no matrix units");
        device.Assume(device.Capabilities with { MatrixUnits = MatrixUnits.BFloat16 | MatrixUnits.TensorFloat32 });
        var (before, cache) = (Environment.GetEnvironmentVariable("SPOCO_TUNE"), Environment.GetEnvironmentVariable("SPOCO_CACHE"));
        try
        {
            Environment.SetEnvironmentVariable("SPOCO_TUNE", value);
            Environment.SetEnvironmentVariable("SPOCO_CACHE", Folder);
            Assert.That(TileTuning.Of(device) is not null, Is.EqualTo(expected));
        }
        finally
        {
            Environment.SetEnvironmentVariable("SPOCO_TUNE", before);
            Environment.SetEnvironmentVariable("SPOCO_CACHE", cache);
        }
    }

    /// <summary>Every tile is tried, and one of them computes.</summary>
    [Test]
    public void Results_are_the_same_bits([Values("opencl:0", "cuda:0")] string name)
    {
        var device = TestDevices.Open(name).Ilgpu;
        var shape = Problem(40).Shape;
        var before = device.Tuning;
        try
        {
            device.Tuning = null;
            var expected = Compute(device, shape);
            device.Tuning = new TileTuning("test", null);
            Assert.That(Compute(device, shape), Is.EqualTo(expected));
            Assert.That(device.Tuning.Knows(new TileProblem("Forward", Precision.TF32, shape), out _), Is.True);
            Assert.That(device.Tuning.Knows(new TileProblem("InputGradient", Precision.TF32, shape.Transposed), out _), Is.True);
            Assert.That(Compute(device, shape), Is.EqualTo(expected), "with what is known");
        }
        finally
        {
            device.Tuning = before;
        }
    }

    private static float[] Compute(ComputeDevice device, ConvolutionShape shape)
    {
        using var holdings = new Holdings();
        var random = new Random(4);
        var (x, weight, dy) = (Given(shape.Input.Count), Given(shape.Weight.Count), Given(shape.Output.Count));
        var (y, dx) = (holdings.Allocate<float>(device, shape.Output.Count, "test"), holdings.Allocate<float>(device, shape.Input.Count, "test"));
        using var forced = device.Algorithms.Force(nameof(Convolution), "matrix");
        using var rounding = new PrecisionScope(device, Precision.TF32);
        Primitives.Convolution.Forward(shape, x, weight, default, y);
        Primitives.Convolution.BackwardInput(shape, dy, weight, dx);
        return [.. y.ToArray(), .. dx.ToArray()];

        DeviceBuffer<float> Given(long count) => holdings.Upload<float>(device, GradientCheck.RandomValues(random, count), "test");
    }

    private int Computations(TileTuning tuning, TileProblem problem, int milliseconds = 1)
    {
        var count = 0;
        tuning.Find(problem, 64, 64, _ =>
        {
            count++;
            Pass(milliseconds);
        });
        return count;
    }

    private TileTuning Tuning(string? folder, string device = "a device") => new(device, folder, () => _time);

    private void Pass(int milliseconds) => _time += TimeSpan.FromMilliseconds(milliseconds);

    private static TileProblem Problem(int channels) => new(
        "Forward", Precision.TF32, ConvolutionShape.Create(new TensorShape(1, 1, 5, 7, channels), new WeightShape(1, 3, 3, channels, 64), (0, 1, 1)));
}
