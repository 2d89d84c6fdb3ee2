namespace Spoco.Bench;

/// <summary>Vectors of so many elements.</summary>
/// <param name="Name">Where they lie.</param>
/// <param name="Length">Elements.</param>
/// <param name="OfElement">What one element takes.</param>
public sealed record VectorLength(string Name, long Length, Work OfElement) : IWorkload
{
    /// <summary>One that the caches hold, and one that they do not.</summary>
    public static IEnumerable<VectorLength> All(Work ofElement) => [new("in cache", 64 * 1024, ofElement), new("in memory", 16 * 1024 * 1024, ofElement)];

    /// <inheritdoc/>
    public Work Of(string benchmark) => new(OfElement.Flops * Length, OfElement.Bytes * Length);

    /// <inheritdoc/>
    public override string ToString() => Name;
}
