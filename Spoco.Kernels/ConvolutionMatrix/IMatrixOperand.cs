using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Runtime.Cuda;

namespace Spoco.Kernels.Primitives;

/// <summary>How factors of a matrix product are kept in words of shared memory, and multiplied by a <see cref="WarpTile"/>.</summary>
internal interface IMatrixOperand
{
    /// <summary>Channels of a word.</summary>
    int ChannelsPerWord { get; }

    /// <summary>The word of neighbouring channels, of which the second counts where a word has two.</summary>
    int Word(float first, float second);

    /// <summary>The instructions that multiply what <see cref="MatrixInstructions.LoadWide"/> loads.</summary>
    void MultiplyWide();

    /// <summary>The instructions that multiply what <see cref="MatrixInstructions.LoadNarrow"/> loads.</summary>
    void MultiplyNarrow();

    /// <summary>What these instructions add for two words, where there are none.</summary>
    float Product(int a, int b);

    /// <summary>A number as single precision, rounded as in a word.</summary>
    int Rounded(float value);

    /// <summary>The instructions that multiply what <see cref="MatrixGradientInstructions.LoadWide"/> loads.</summary>
    void MultiplyGradientWide();

    /// <summary>The instructions that multiply what <see cref="MatrixGradientInstructions.LoadNarrow"/> loads.</summary>
    void MultiplyGradientNarrow();

    /// <summary>What these instructions add for two rounded numbers, where there are none.</summary>
    float ProductOfRounded(int a, int b);
}

/// <summary>
/// Single precision. Words are cut into the upper 19 bits and a rest, which is rounded; a product is lower times upper, plus upper times lower, plus upper
/// times upper. These are summed up by themselves, since matrix units cut what they add to 24 bits, and then added with one rounding (Ootomo and Yokota,
/// "Recovering single precision accuracy from Tensor Cores while surpassing the FP32 theoretical peak performance", 2022).
/// </summary>
internal readonly struct SingleOperand : IMatrixOperand
{
    /// <inheritdoc/>
    public int ChannelsPerWord => 1;

    /// <inheritdoc/>
    public int Word(float first, float second) => (int)Interop.FloatAsInt(first);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void MultiplyWide() => CudaAsm.Emit(MatrixInstructions.SingleWide);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void MultiplyNarrow() => CudaAsm.Emit(MatrixInstructions.SingleNarrow);

    /// <inheritdoc/>
    public float Product(int a, int b)
    {
        var (upperA, upperB) = (TensorFloat32.Cut(a), TensorFloat32.Cut(b));
        return TensorFloat32.Rest(a) * upperB + upperA * TensorFloat32.Rest(b) + upperA * upperB;
    }

    /// <inheritdoc/>
    public int Rounded(float value) => Word(value, 0);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void MultiplyGradientWide() => CudaAsm.Emit(MatrixGradientInstructions.SingleWide);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void MultiplyGradientNarrow() => CudaAsm.Emit(MatrixGradientInstructions.SingleNarrow);

    /// <inheritdoc/>
    public float ProductOfRounded(int a, int b) => Product(a, b);
}

/// <summary>Single precision rounded to 10 bits of mantissa, <see cref="TensorFloat32"/>.</summary>
internal readonly struct TensorFloat32Operand : IMatrixOperand
{
    /// <inheritdoc/>
    public int ChannelsPerWord => 1;

    /// <inheritdoc/>
    public int Word(float first, float second) => TensorFloat32.Round(first);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void MultiplyWide() => CudaAsm.Emit(MatrixInstructions.TensorFloat32Wide);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void MultiplyNarrow() => CudaAsm.Emit(MatrixInstructions.TensorFloat32Narrow);

    /// <inheritdoc/>
    public float Product(int a, int b) => TensorFloat32.Cut(a) * TensorFloat32.Cut(b);

    /// <inheritdoc/>
    public int Rounded(float value) => Word(value, 0);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void MultiplyGradientWide() => CudaAsm.Emit(MatrixGradientInstructions.TensorFloat32Wide);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void MultiplyGradientNarrow() => CudaAsm.Emit(MatrixGradientInstructions.TensorFloat32Narrow);

    /// <inheritdoc/>
    public float ProductOfRounded(int a, int b) => Product(a, b);
}

/// <summary>
/// Brain floating-point numbers, two in a word, <see cref="BFloat16"/>. A weight gradient multiplies them as single-precision numbers of fewer bits: its words
/// would need two voxels.
/// </summary>
internal readonly struct BrainFloat16Operand : IMatrixOperand
{
    /// <inheritdoc/>
    public int ChannelsPerWord => 2;

    /// <inheritdoc/>
    public int Word(float first, float second)
    {
        var format = default(BrainFormat);
        return format.Narrow(first) | (format.Narrow(second) << 16);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void MultiplyWide() => CudaAsm.Emit(MatrixInstructions.BrainFloat16Wide);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void MultiplyNarrow() => CudaAsm.Emit(MatrixInstructions.BrainFloat16Narrow);

    /// <inheritdoc/>
    public float Product(int a, int b)
    {
        var format = default(BrainFormat);
        return format.Widen((ushort)a) * format.Widen((ushort)b) + format.Widen((ushort)(a >> 16)) * format.Widen((ushort)(b >> 16));
    }

    /// <inheritdoc/>
    public int Rounded(float value) => (int)Interop.FloatAsInt(default(BrainFormat).Widen(default(BrainFormat).Narrow(value)));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void MultiplyGradientWide() => CudaAsm.Emit(MatrixGradientInstructions.TensorFloat32Wide);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void MultiplyGradientNarrow() => CudaAsm.Emit(MatrixGradientInstructions.TensorFloat32Narrow);

    /// <inheritdoc/>
    public float ProductOfRounded(int a, int b) => TensorFloat32.Cut(a) * TensorFloat32.Cut(b);
}
