using System.Runtime.CompilerServices;

namespace Spoco.Kernels.Primitives;

/// <summary>Sixteen components of an embedding, in the registers of a thread.</summary>
internal struct EmbeddingBlock
{
    /// <summary>Components of a block.</summary>
    public const int Length = 16;

    /// <summary>The first four.</summary>
    public Four A;

    /// <summary>The second four.</summary>
    public Four B;

    /// <summary>The third four.</summary>
    public Four C;

    /// <summary>The last four.</summary>
    public Four D;

    /// <summary>Sum of the squares.</summary>
    public readonly float Square
    {
        get
        {
            var sum = default(Four).PlusSquares(A).PlusSquares(B).PlusSquares(C).PlusSquares(D);
            return sum.X + sum.Y + (sum.Z + sum.W);
        }
    }

    /// <summary>this - values.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly EmbeddingBlock Minus(EmbeddingBlock values)
    {
        EmbeddingBlock difference;
        difference.A = A.Minus(values.A);
        difference.B = B.Minus(values.B);
        difference.C = C.Minus(values.C);
        difference.D = D.Minus(values.D);
        return difference;
    }

    /// <summary>this + factor values.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly EmbeddingBlock Plus(float factor, EmbeddingBlock values)
    {
        EmbeddingBlock sum;
        sum.A = A.Plus(factor, values.A);
        sum.B = B.Plus(factor, values.B);
        sum.C = C.Plus(factor, values.C);
        sum.D = D.Plus(factor, values.D);
        return sum;
    }
}
