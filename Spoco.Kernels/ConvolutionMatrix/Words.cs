namespace Spoco.Kernels.Primitives;

/// <summary>Sixteen bytes, moved at once: four words of one or two channels, see <see cref="IMatrixOperand"/>.</summary>
internal struct Words
{
    /// <summary>First word.</summary>
    public int X;

    /// <summary>Second word.</summary>
    public int Y;

    /// <summary>Third word.</summary>
    public int Z;

    /// <summary>Fourth word.</summary>
    public int W;
}
