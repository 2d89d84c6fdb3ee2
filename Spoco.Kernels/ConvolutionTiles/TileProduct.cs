using System.Runtime.CompilerServices;
using ILGPU;

namespace Spoco.Kernels.Primitives;

/// <summary>Four neighbouring values, loaded at once.</summary>
internal struct Four
{
    /// <summary>First value.</summary>
    public float X;

    /// <summary>Second value.</summary>
    public float Y;

    /// <summary>Third value.</summary>
    public float Z;

    /// <summary>Fourth value.</summary>
    public float W;

    /// <summary>this + factor values.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal readonly Four Plus(float factor, Four values)
    {
        Four sum;
        sum.X = X + factor * values.X;
        sum.Y = Y + factor * values.Y;
        sum.Z = Z + factor * values.Z;
        sum.W = W + factor * values.W;
        return sum;
    }

    /// <summary>this + factors values, each by its own.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal readonly Four Plus(Four factors, Four values)
    {
        Four sum;
        sum.X = X + factors.X * values.X;
        sum.Y = Y + factors.Y * values.Y;
        sum.Z = Z + factors.Z * values.Z;
        sum.W = W + factors.W * values.W;
        return sum;
    }

    /// <summary>A gradient taken through an activation with these results.</summary>
    internal readonly Four Times(ActivationFunction activation, Four results)
    {
        Four product;
        product.X = X * activation.Derivative(results.X);
        product.Y = Y * activation.Derivative(results.Y);
        product.Z = Z * activation.Derivative(results.Z);
        product.W = W * activation.Derivative(results.W);
        return product;
    }

    /// <summary>this + values.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal readonly Four Plus(Four values)
    {
        Four sum;
        sum.X = X + values.X;
        sum.Y = Y + values.Y;
        sum.Z = Z + values.Z;
        sum.W = W + values.W;
        return sum;
    }

    /// <summary>this - values.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal readonly Four Minus(Four values) => Plus(-1, values);

    /// <summary>this + values^2.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal readonly Four PlusSquares(Four values) => PlusSquares(1, values);

    /// <summary>this + factor values^2.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal readonly Four PlusSquares(float factor, Four values)
    {
        Four sum;
        sum.X = X + factor * values.X * values.X;
        sum.Y = Y + factor * values.Y * values.Y;
        sum.Z = Z + factor * values.Z * values.Z;
        sum.W = W + factor * values.W * values.W;
        return sum;
    }

    /// <summary>One of the values.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal readonly float At(int i) => i == 0 ? X : i == 1 ? Y : i == 2 ? Z : W;
}

/// <summary>What a thread has of a tile: eight rows of four columns, in registers.</summary>
internal struct TileProduct
{
    /// <summary>First row.</summary>
    public Four R0;

    /// <summary>Second row.</summary>
    public Four R1;

    /// <summary>Third row.</summary>
    public Four R2;

    /// <summary>Fourth row.</summary>
    public Four R3;

    /// <summary>Fifth row.</summary>
    public Four R4;

    /// <summary>Sixth row.</summary>
    public Four R5;

    /// <summary>Seventh row.</summary>
    public Four R6;

    /// <summary>Eighth row.</summary>
    public Four R7;

    /// <summary>Adds the products of terms that lie in shared memory, up to <see cref="TileLayouts.Depth"/> of them.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal readonly TileProduct Plus(ArrayView<Four> rows, ArrayView<Four> columns, int row, int column, int count)
    {
        var sum = this;
        for (var k = 0; k < count; k++)
        {
            var a = rows[k * (TileLayouts.RowPitch / 4) + 2 * row];
            var c = rows[k * (TileLayouts.RowPitch / 4) + 2 * row + 1];
            var b = columns[k * (TileLayouts.ColumnPitch / 4) + column];
            sum.R0 = sum.R0.Plus(a.X, b);
            sum.R1 = sum.R1.Plus(a.Y, b);
            sum.R2 = sum.R2.Plus(a.Z, b);
            sum.R3 = sum.R3.Plus(a.W, b);
            sum.R4 = sum.R4.Plus(c.X, b);
            sum.R5 = sum.R5.Plus(c.Y, b);
            sum.R6 = sum.R6.Plus(c.Z, b);
            sum.R7 = sum.R7.Plus(c.W, b);
        }

        return sum;
    }

    /// <summary>One of the rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal readonly Four Row(int row) => row switch
    {
        0 => R0,
        1 => R1,
        2 => R2,
        3 => R3,
        4 => R4,
        5 => R5,
        6 => R6,
        _ => R7,
    };
}
