using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Runtime.Cuda;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// Single precision. Words are cut into the upper 19 bits and a rest, which is rounded; a product is lower times upper, plus upper times lower, plus upper
/// times upper. These are summed up by themselves, since matrix units cut what they add to 24 bits, and then added with one rounding (Ootomo and Yokota,
/// "Recovering single precision accuracy from Tensor Cores while surpassing the FP32 theoretical peak performance", 2022).
/// </summary>
internal readonly struct SingleOperand : IMatrixOperand, IGradientOperand
{
    /// <inheritdoc/>
    public int ChannelsPerWord => 1;

    /// <inheritdoc/>
    public int Word(float first, float second) => (int)Interop.FloatAsInt(first);

    /// <inheritdoc/>
    public bool ReadsNarrow => false;

    /// <inheritdoc/>
    public float Product(int a, int b)
    {
        var (upperA, upperB) = (TensorFloat32.Cut(a), TensorFloat32.Cut(b));
        return TensorFloat32.Rest(a) * upperB + upperA * TensorFloat32.Rest(b) + upperA * upperB;
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void MultiplyWide() => CudaAsm.Emit(MatrixInstructions.SingleWide);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void MultiplyNarrow() => CudaAsm.Emit(MatrixInstructions.SingleNarrow);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void MultiplyGradientWide() => CudaAsm.Emit(MatrixInstructions.SingleGradientWide);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void MultiplyGradientNarrow() => CudaAsm.Emit(MatrixInstructions.SingleGradientNarrow);
}

/// <summary>Single precision rounded to 10 bits of mantissa, <see cref="TensorFloat32"/>.</summary>
internal readonly struct TensorFloat32Operand : IMatrixOperand, IGradientOperand
{
    /// <inheritdoc/>
    public int ChannelsPerWord => 1;

    /// <inheritdoc/>
    public int Word(float first, float second) => TensorFloat32.Round(first);

    /// <inheritdoc/>
    public bool ReadsNarrow => false;

    /// <inheritdoc/>
    public float Product(int a, int b) => TensorFloat32.Cut(a) * TensorFloat32.Cut(b);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void MultiplyWide() => CudaAsm.Emit(MatrixInstructions.TensorFloat32Wide);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void MultiplyNarrow() => CudaAsm.Emit(MatrixInstructions.TensorFloat32Narrow);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void MultiplyGradientWide() => CudaAsm.Emit(MatrixInstructions.TensorFloat32GradientWide);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void MultiplyGradientNarrow() => CudaAsm.Emit(MatrixInstructions.TensorFloat32GradientNarrow);
}

/// <summary>Brain floating-point numbers, two in a word, <see cref="BFloat16"/>.</summary>
internal readonly struct BrainFloat16Operand : IMatrixOperand, IGradientOperand
{
    /// <inheritdoc/>
    public int ChannelsPerWord => 2;

    /// <inheritdoc/>
    public int Word(float first, float second) => (int)((BrainFormat.Rounded(first) >> 16) | (BrainFormat.Rounded(second) & 0xffff0000));

    /// <inheritdoc/>
    public bool ReadsNarrow => true;

    /// <inheritdoc/>
    public float Product(int a, int b)
    {
        var format = default(BrainFormat);
        return format.Widen((ushort)a) * format.Widen((ushort)b) + format.Widen((ushort)(a >> 16)) * format.Widen((ushort)(b >> 16));
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void MultiplyWide() => CudaAsm.Emit(MatrixInstructions.BrainFloat16Wide);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void MultiplyNarrow() => CudaAsm.Emit(MatrixInstructions.BrainFloat16Narrow);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void MultiplyGradientWide() => CudaAsm.Emit(MatrixInstructions.BrainFloat16GradientWide);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void MultiplyGradientNarrow() => CudaAsm.Emit(MatrixInstructions.BrainFloat16GradientNarrow);
}
