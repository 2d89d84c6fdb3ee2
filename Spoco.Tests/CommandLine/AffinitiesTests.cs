using PureHDF;
using Spoco.Cli.Commands;
using Spoco.Cli.Files;
using Spoco.Cli.Segmentation;
using Spoco.Engine.Segmentation;

namespace Spoco.Tests.CommandLine;

/// <summary><c>spoco segment --affinities</c>: which values are read as what, in one piece and in blocks, and what is refused.</summary>
public sealed class AffinitiesTests : FolderTests
{
    private const string Offsets = "0,-1;-1,0;0,-5;-5,0";
    private const int Height = 30;
    private const int Width = 26;

    private static readonly string[][] Ways = [["--device", "cpu"], ["--memory", "20MiB"]];

    [Test]
    public void Integers_are_scaled_by_their_type([ValueSource(nameof(Ways))] string[] way)
    {
        var bytes = Bytes();
        var expected = Expected(Array.ConvertAll(bytes, v => v / 255f));
        Assert.That(Segment(way, Array.ConvertAll(bytes, v => v / 255f)).Labels, Is.EqualTo(expected), "floats");
        Assert.That(Segment(way, bytes).Labels, Is.EqualTo(expected), "8 bits");
        Assert.That(Segment(way, Array.ConvertAll(bytes, v => (ushort)(v * 257))).Labels, Is.EqualTo(expected), "16 bits");
        Assert.That(Segment(way, Array.ConvertAll(bytes, v => (double)(v / 255f))).Labels, Is.EqualTo(expected), "doubles");
    }

    [Test]
    public void Integers_of_zero_and_one_are_taken_as_they_are_with_a_note([ValueSource(nameof(Ways))] string[] way)
    {
        var binary = Array.ConvertAll(Bytes(), v => (byte)(v > 128 ? 1 : 0));
        var expected = Expected(Array.ConvertAll(binary, v => (float)v));
        foreach (var (labels, error) in new[]
        {
            Segment(way, binary), Segment(way, Array.ConvertAll(binary, v => (ushort)v)), Segment(way, Array.ConvertAll(binary, v => (int)v)),
            Segment(way, Array.ConvertAll(binary, v => (long)v)), Segment(way, Array.ConvertAll(binary, v => (sbyte)v)),
        })
        {
            Assert.That(labels, Is.EqualTo(expected));
            Assert.That(error, Does.Contain("a.h5: affinities are integers, 0 and 1 only: taken as they are"));
        }

        var zeros = Segment(way, new byte[binary.Length]);
        Assert.That((zeros.Labels.Distinct(), zeros.Error.Contains("integers", StringComparison.Ordinal)), Is.EqualTo((new[] { 1 }, false)));
    }

    [Test]
    public void Integers_on_an_unknown_scale_are_refused([ValueSource(nameof(Ways))] string[] way)
    {
        var bytes = Bytes();
        Run(way, Array.ConvertAll(bytes, v => (ushort)v)).AssertBadInput("a.h5", "UInt16", "from 0 to 255");
        Run(way, Array.ConvertAll(bytes, v => (int)v)).AssertBadInput("a.h5", "Int32", "from 0 to 255");
        Run(way, Array.ConvertAll(bytes, v => (sbyte)(v / 2 - 60))).AssertBadInput("a.h5", "Int8", "from -60 to 67");
        Run(way, Array.ConvertAll(bytes, v => v * 40L)).AssertBadInput("a.h5", "Int64", "from 0 to 10200");
        Assert.That(File.Exists(PathOf("labels.h5")), Is.False);
    }

    [Test]
    public void Floats_outside_zero_to_one_are_refused_with_their_range([ValueSource(nameof(Ways))] string[] way)
    {
        var floats = Array.ConvertAll(Bytes(), v => v / 255f);
        Run(way, Array.ConvertAll(floats, v => v * 255))
            .AssertBadInput("a.h5: affinities from 0 to 255; they must be from 0 (same object) to 1 (different objects).");
        Run(way, Array.ConvertAll(floats, v => v * 2 - 1)).AssertBadInput("a.h5: affinities from -1 to 1;");
        var last = (float[])floats.Clone();
        last[^1] = 1.5f;
        Run(way, last).AssertBadInput("a.h5: affinities from 0 to 1.5;");
        last[^1] = float.NaN;
        Run(way, last).AssertBadInput("a.h5", "NaN");
        last[^1] = float.PositiveInfinity;
        Run(way, last).AssertBadInput("a.h5", "finite");
        last[^1] = MathF.BitIncrement(1);
        Segment(way, last);
        Assert.That(File.Exists(PathOf("labels.h5")));
    }

    [Test]
    public void Channels_must_fit_the_offsets([ValueSource(nameof(Ways))] string[] way)
    {
        var floats = Array.ConvertAll(Bytes(), v => v / 255f);
        Run(way, floats, offsets: "0,-1;-1,0;0,-5").AssertBadInput("4 channels of affinities for 3 offsets");
        Run(way, floats, offsets: null).AssertBadInput("4 channels of affinities for 8 offsets");
        Run(way, floats, [Height, Width, 4]).AssertBadInput("a.h5", $"[{Height}, {Width}, 4]: its 4 channels come last", "numpy.moveaxis");
        Run(way, floats, [6, 5, Width, 4]).AssertBadInput("a.h5", $"[6, 5, {Width}, 4]: its 4 channels come last");
        Run(way, floats[..(5 * 6 * 7 * 8)], [5, 6, 7, 8], offsets: null).AssertBadInput("its 8 channels come last");
        Run(way, floats[..(5 * 6 * 9)], [1, 5, 6, 9], offsets: "-1,0,0").AssertSuccess();
        Assert.That(InputFile.ReadLabels(PathOf("labels.h5")).Depth, Is.EqualTo(5), "one channel of a volume");
    }

    [Test]
    public void Help_says_what_is_read()
    {
        var help = CommandLineRun.Of("segment", "--help").AssertSuccess().Output;
        Assert.That(help, Does.Contain("floats from 0 = attractive to 1 = repulsive, "
            + "or unsigned integers of 8 or 16 bits, 0 to 255 or 65535 (0 and 1 alone are taken as they are)"));
    }

    /// <summary>Two clear halves and noise: values of every kind, 0 and 255 among them.</summary>
    private static byte[] Bytes()
    {
        var random = new Random(4);
        var values = new byte[4 * Height * Width];
        for (var i = 0; i < values.Length; i++)
            values[i] = (byte)(i < values.Length / 2 ? random.Next(90) : random.Next(120, 256));
        (values[0], values[^2]) = (0, 255);
        return values;
    }

    private static int[] Expected(float[] weights) => SequentialMutexWatershed.FromAffinities(
        weights, 1, Height, Width, new MutexWatershedOptions { Offsets = AffinitySegmentation.ParseOffsets(Offsets) });

    private (int[] Labels, string Error) Segment<T>(string[] way, T[] values) where T : unmanaged
    {
        var run = Run(way, values).AssertSuccess();
        return (InputFile.ReadLabels(PathOf("labels.h5")).Data, run.Error);
    }

    private CommandLineRun Run<T>(string[] way, T[] values, ulong[]? shape = null, string? offsets = Offsets) where T : unmanaged
    {
        new H5File { ["affinities"] = new H5Dataset(values, fileDims: shape ?? [4, Height, Width]) }.Write(PathOf("a.h5"));
        if (Directory.Exists(PathOf("labels.partial")))
            Directory.Delete(PathOf("labels.partial"), recursive: true);
        File.Delete(PathOf("labels.h5"));
        string[] edges = offsets is null ? [] : ["--offsets", offsets];
        return CommandLineRun.Of(["segment", "--affinities", PathOf("a.h5"), "--out", PathOf("labels.h5"), .. edges, .. way]);
    }
}
