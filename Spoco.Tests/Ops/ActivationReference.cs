using Spoco.Kernels;

namespace Spoco.Tests.Ops;

/// <summary>The definitions of the activation functions in double precision, and those that are tested.</summary>
internal static class ActivationReference
{
    public static readonly ActivationFunction[] Functions =
        [ActivationFunction.Identity, ActivationFunction.Relu, ActivationFunction.LeakyRelu(), ActivationFunction.LeakyRelu(0.1f), ActivationFunction.Elu(), ActivationFunction.Elu(0.5f)];

    public static double Apply(ActivationFunction function, double x) => function.Kind switch
    {
        ActivationKind.Identity => x,
        ActivationKind.LeakyRelu => x > 0 ? x : function.Slope * x,
        ActivationKind.Elu => x > 0 ? x : function.Slope * (Math.Exp(x) - 1),
        _ => throw new ArgumentException($"There is no reference for {function.Kind}."),
    };
}
