using NUnit.Framework;

namespace Spoco.Tests.Golden;

/// <summary>Every array the indices promise can be read, in the type and shape they state.</summary>
public sealed class GoldenSetTests
{
    private static IEnumerable<string> Operations =>
        GoldenSet.Torch.AllCases.Concat(GoldenSet.Segmentation.AllCases).Select(c => c.Op).Distinct();

    [TestCaseSource(nameof(Operations))]
    public void EveryArrayIsReadable(string op)
    {
        var cases = GoldenSet.Torch.AllCases.Concat(GoldenSet.Segmentation.AllCases).Where(c => c.Op == op).ToArray();
        var arrays = 0;
        foreach (var golden in cases)
        {
            Assert.That(golden.Datasets, Is.Not.Empty, golden.ToString());
            foreach (var dataset in golden.Datasets)
            {
                Array values = dataset.DType switch
                {
                    "float32" => golden.Float32(dataset.Name),
                    "float64" => golden.Float64(dataset.Name),
                    _ => golden.Int32(dataset.Name),
                };
                Assert.That(values.LongLength, Is.EqualTo(dataset.Shape.Aggregate(1L, (product, n) => product * n)), $"{golden} {dataset.Name}");
                if (dataset.DType.StartsWith("float", StringComparison.Ordinal))
                    Assert.That(golden.Tolerance(dataset.Name), Is.GreaterThan(0), $"{golden} {dataset.Name}");
                arrays++;
            }
        }
        TestContext.Out.WriteLine($"{op}: {cases.Length} cases, {arrays} arrays");
    }

    [Test]
    public void UnknownOperationIsAnError() =>
        Assert.That(() => GoldenSet.Torch.Cases("nonsense"), Throws.InvalidOperationException.With.Message.Contains("nonsense"));
}
