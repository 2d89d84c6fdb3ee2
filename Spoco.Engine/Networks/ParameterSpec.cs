using Spoco.Kernels;

namespace Spoco.Engine.Networks;

/// <summary>What a named array of a network is: decides its initial value, its layout in files, and whether it is trained.</summary>
public enum ParameterKind
{
    /// <summary>Convolution weight: [kD, kH, kW, Cin, Cout] in memory, [Cout, Cin, (kD,) kH, kW] in files. Kaiming-uniform.</summary>
    ConvolutionWeight,

    /// <summary>Bias of a convolution: uniform with the bound of its weight.</summary>
    Bias,

    /// <summary>Scale of a norm: ones.</summary>
    Scale,

    /// <summary>Shift of a norm: zeros.</summary>
    Shift,

    /// <summary>Running mean of a batch norm: zeros, not trained.</summary>
    RunningMean,

    /// <summary>Running variance of a batch norm: ones, not trained.</summary>
    RunningVariance,
}

/// <summary>A named array of a network.</summary>
/// <param name="Name">Name in the reference's state_dict, for example <c>encoders.0.basic_module.SingleConv1.conv.weight</c>.</param>
/// <param name="Shape">Extents in memory.</param>
/// <param name="Kind">Which part of a layer it is, which decides how it starts and whether it is trained.</param>
/// <param name="FanIn">Inputs per output of the convolution it belongs to; 0 for norms.</param>
public sealed record ParameterSpec(string Name, TensorShape Shape, ParameterKind Kind, int FanIn = 0)
{
    /// <summary>Whether the optimiser changes it (running statistics are not trained).</summary>
    public bool IsTrained => Kind is not (ParameterKind.RunningMean or ParameterKind.RunningVariance);
}
