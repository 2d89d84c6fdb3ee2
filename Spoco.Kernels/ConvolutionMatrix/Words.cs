using System.Runtime.CompilerServices;

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

    /// <summary>Four channels, a word each.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Words Of<TWords>(TWords operand, Four values) where TWords : unmanaged, IMatrixWords
    {
        Words words;
        words.X = operand.Word(values.X, 0);
        words.Y = operand.Word(values.Y, 0);
        words.Z = operand.Word(values.Z, 0);
        words.W = operand.Word(values.W, 0);
        return words;
    }

    /// <summary>Eight channels, two a word.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Words OfPairs<TWords>(TWords operand, Four values, Four others) where TWords : unmanaged, IMatrixWords
    {
        Words words;
        words.X = operand.Word(values.X, values.Y);
        words.Y = operand.Word(values.Z, values.W);
        words.Z = operand.Word(others.X, others.Y);
        words.W = operand.Word(others.Z, others.W);
        return words;
    }
}
