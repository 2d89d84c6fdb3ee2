using System.Globalization;
using System.Text.RegularExpressions;
using Spoco.Kernels;
using Primitives = Spoco.Kernels.Primitives;

namespace Spoco.Tests.Ops;

/// <summary>The numbers of docs/precision.md are those that are measured here, where matrix units are emulated.</summary>
internal sealed class PrecisionPageTests
{
    /// <summary>Layers of networks, with extents that a test has time for.</summary>
    private static readonly (string Name, ConvolutionShape Shape)[] Layers =
    [
        ("2D, 3 to 16", Shape(new(1, 1, 40, 40, 3), (1, 3, 3), 16)), ("2D, 64 to 64", Shape(new(1, 1, 20, 20, 64), (1, 3, 3), 64)),
        ("2D, 256 to 256", Shape(new(1, 1, 7, 7, 256), (1, 3, 3), 256)), ("3D, 32 to 64", Shape(new(1, 6, 10, 10, 32), (3, 3, 3), 64)),
        ("1x1, 64 to 32", Shape(new(1, 1, 20, 20, 64), (1, 1, 1), 32)),
    ];

    private static string Page => File.ReadAllText(Path.Combine(ShownProgram.Project, "docs", "precision.md"));

    /// <summary>
    /// The table, number by number. Where factors are rounded, that is nearly all of the error; else it is that of sums, which is another one where a compiler fuses
    /// multiplications with additions.
    /// </summary>
    [Test]
    public void Errors_are_those_of_the_page()
    {
        var device = TestDevices.Open("opencl:0");
        var rows = Layers.Select(layer => $"| {layer.Name} | {layer.Shape.Terms} | {string.Join(" | ", Errors(device, layer.Shape).Select(e => e.ToString("0.0e-0", CultureInfo.InvariantCulture)))} |")
            .ToArray();
        TestContext.Out.WriteLine(string.Join('\n', rows));
        foreach (var row in rows)
        {
            var (found, name) = (Cells(row), row.Split('|')[1]);
            var written = Page.Split('\n').SingleOrDefault(line => line.StartsWith($"|{name}|", StringComparison.Ordinal));
            Assert.That(written, Is.Not.Null, row);
            var expected = Cells(written!);
            Assert.That(expected, Has.Length.EqualTo(found.Length));
            for (var i = 0; i < found.Length; i++)
                Assert.That(found[i], Is.EqualTo(expected[i]).Within(expected[i] < 1e-5 ? 60 : 10).Percent, row);
        }

        static double[] Cells(string row) => [.. row.Split('|', StringSplitOptions.RemoveEmptyEntries).Skip(1).Where(cell => cell.Trim().Length > 0).Select(cell => double.Parse(cell, CultureInfo.InvariantCulture))];
    }

    /// <summary>The bounds that <see cref="ConvolutionMatrixTests"/> holds every element to.</summary>
    [TestCase(Precision.F32, "fp32", "1.25 2^-20")]
    [TestCase(Precision.TF32, "tf32", "2^-10")]
    [TestCase(Precision.BF16, "bf16", "2^-7")]
    public void Bounds_are_those_of_the_tests(Precision precision, string word, string bound)
    {
        Assert.That(Page, Does.Match($@"\| `{word}` \|[^\n]*\| {Regex.Escape(bound)} \|"));
        var parts = bound.Split(' ');
        Assert.That(ConvolutionMatrixTests.OfProduct(precision), Is.EqualTo((parts.Length > 1 ? double.Parse(parts[0], CultureInfo.InvariantCulture) : 1)
            * Math.ScaleB(1, int.Parse(parts[^1][2..], CultureInfo.InvariantCulture))));
    }

    /// <summary>Largest errors of y and dx, relative to their largest values: in every precision, and of the algorithm without matrix units.</summary>
    private static IEnumerable<double> Errors(ComputeDevice device, ConvolutionShape shape)
    {
        var random = new Random(1);
        var (x, weight, dy) = (GradientCheck.RandomValues(random, shape.Input.Count), GradientCheck.RandomValues(random, shape.Weight.Count), GradientCheck.RandomValues(random, shape.Output.Count));
        var (y, dx) = (ConvolutionReference.Forward(shape, x, weight, null), ConvolutionReference.BackwardInput(shape, dy, weight));
        using var holdings = new Holdings();
        var (given, packed, arriving) = (holdings.Upload<float>(device, x, "test"), holdings.Upload<float>(device, weight, "test"), holdings.Upload<float>(device, dy, "test"));
        var (result, gradient) = (holdings.Allocate<float>(device, y.Length, "test"), holdings.Allocate<float>(device, dx.Length, "test"));
        foreach (var (algorithm, precision) in (((string, Precision)[])[("tiles", Precision.F32), .. Enum.GetValues<Precision>().Select(p => ("matrix", p))]))
        {
            using var forced = device.Algorithms.Force(nameof(Primitives.Convolution), algorithm);
            using var rounding = new PrecisionScope(device, precision);
            Primitives.Convolution.Forward(shape, given, packed, default, result);
            Primitives.Convolution.BackwardInput(shape, arriving, packed, gradient);
            yield return Largest(result.ToArray(), y);
            yield return Largest(gradient.ToArray(), dx);
        }

        static double Largest(float[] actual, double[] exact) => actual.Zip(exact, (a, e) => Math.Abs(a - e)).Max() / exact.Max(Math.Abs);
    }

    private static ConvolutionShape Shape(TensorShape input, (int D, int H, int W) kernel, int channels) =>
        ConvolutionShape.Create(input, new WeightShape(kernel.D, kernel.H, kernel.W, input.C, channels), (kernel.D / 2, kernel.H / 2, kernel.W / 2));
}
