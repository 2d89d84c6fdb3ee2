namespace Spoco.Kernels;

/// <summary>The activation functions.</summary>
public enum ActivationKind
{
    /// <summary>y = x.</summary>
    Identity,

    /// <summary>y = x for x > 0, else slope x. Slope 0 is ReLU.</summary>
    LeakyRelu,

    /// <summary>y = x for x > 0, else slope (exp(x) - 1).</summary>
    Elu,
}

/// <summary>
/// An activation function f. Its derivative is written as a function of the output y, so that a layer keeps y alone:
/// f'(x) = 1 for y > 0, else slope (LeakyReLU, ReLU) or y + slope (ELU). At 0 the derivative is that of the negative side, as in PyTorch.
/// </summary>
/// <param name="Kind">Which function.</param>
/// <param name="Slope">Slope of LeakyReLU, alpha of ELU; at least 0, so that y and x have one sign.</param>
public readonly record struct ActivationFunction(ActivationKind Kind, float Slope)
{
    /// <summary>y = x.</summary>
    public static ActivationFunction Identity => default;

    /// <summary>max(x, 0).</summary>
    public static ActivationFunction Relu => new(ActivationKind.LeakyRelu, 0);

    /// <summary>x for x > 0, else <paramref name="slope"/> x.</summary>
    public static ActivationFunction LeakyRelu(float slope = 0.01f) => new(ActivationKind.LeakyRelu, slope);

    /// <summary>x for x > 0, else <paramref name="alpha"/> (exp(x) - 1).</summary>
    public static ActivationFunction Elu(float alpha = 1) => new(ActivationKind.Elu, alpha);
}
