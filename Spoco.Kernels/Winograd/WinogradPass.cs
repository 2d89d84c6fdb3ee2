namespace Spoco.Kernels.Primitives;

/// <summary>
/// A convolution to be computed tile by tile: one source, or two that lie one behind the other in the channels; one target, or two that share the
/// channels of the input gradient.
/// </summary>
internal unsafe struct WinogradPass
{
    public WinogradGrid Grid;
    public WinogradSource Source;

    /// <summary>Its Values are null where there is no second source.</summary>
    public WinogradSource SecondSource;
    public WinogradTarget Target;

    /// <summary>Its Values are null where there is no second target.</summary>
    public WinogradTarget SecondTarget;

    /// <summary>[kD,kH,kW,Cin,Cout] of the forward convolution.</summary>
    public float* Weight;
    public WeightShape WeightShape;

    /// <summary>Whether the input gradient is computed.</summary>
    public bool Transposed;

    /// <summary>Terms of a product at frequencies that both sources have.</summary>
    public readonly int Terms => Source.Shape.C + (SecondSource.Values == null ? 0 : SecondSource.Shape.C);

    /// <summary>Terms of a product at one frequency.</summary>
    public readonly int TermsAt(int frequency) => SecondSource.Values != null && Grid.InHalf(frequency) ? Terms : Source.Shape.C;
}
