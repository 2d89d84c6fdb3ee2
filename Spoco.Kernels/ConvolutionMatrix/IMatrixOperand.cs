using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Runtime.Cuda;

namespace Spoco.Kernels.Primitives;

/// <summary>How factors of a matrix product are kept in words.</summary>
internal interface IMatrixWords
{
    /// <summary>Channels of a word.</summary>
    int ChannelsPerWord { get; }

    /// <summary>The word of neighbouring channels, of which the second counts where a word has two.</summary>
    int Word(float first, float second);

    /// <summary>
    /// Whether tensors may be stored as brain floating-point numbers, whose factors lose nothing by such words. Kernels of other words know single precision
    /// alone: they have registers for nothing else.
    /// </summary>
    bool ReadsNarrow { get; }

    /// <summary>What matrix units add for two words.</summary>
    float Product(int a, int b);
}

/// <summary>How a <see cref="WarpTile"/> multiplies.</summary>
internal interface IMatrixOperand : IMatrixWords
{
    /// <summary>The instructions that multiply what <see cref="MatrixInstructions.LoadWide"/> loads.</summary>
    void MultiplyWide();

    /// <summary>The instructions that multiply what <see cref="MatrixInstructions.LoadNarrow"/> loads.</summary>
    void MultiplyNarrow();
}

/// <summary>How a <see cref="WarpGradientTile"/> multiplies.</summary>
internal interface IGradientOperand : IMatrixWords
{
    /// <summary>The instructions that multiply what <see cref="MatrixInstructions.LoadGradientWide"/>, or <see cref="MatrixInstructions.LoadGradientPairsWide"/>, loads.</summary>
    void MultiplyGradientWide();

    /// <summary>The instructions that multiply what <see cref="MatrixInstructions.LoadGradientNarrow"/>, or <see cref="MatrixInstructions.LoadGradientPairsNarrow"/>, loads.</summary>
    void MultiplyGradientNarrow();
}
