namespace Spoco.Kernels;

/// <summary>Values that change their type.</summary>
/// <param name="From">The type they have.</param>
/// <param name="To">Another type.</param>
/// <param name="Count">How many.</param>
internal readonly record struct CastShape(ElementType From, ElementType To, long Count)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Count} {From} to {To}";
}
