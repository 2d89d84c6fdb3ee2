namespace Spoco.Kernels;

/// <summary>
/// How the factors of a convolution's products are rounded on devices whose matrix units multiply them, see <see cref="ComputeDevice.Precision"/>. Sums are
/// single precision, and so is what is stored, but for results of units and their gradients with <see cref="BF16"/>.
/// </summary>
public enum Precision
{
    /// <summary>Not at all: relative error of a product 2^-24 at most, and on matrix units, where three products stand for one, 1.25 2^-20.</summary>
    F32,

    /// <summary>To 8 bits of exponent and 10 of mantissa: relative error of a product 2^-10 at most.</summary>
    TF32,

    /// <summary>To 8 bits of exponent and 7 of mantissa: relative error of a product 2^-7 at most. Results of a network's units and their gradients are stored so.</summary>
    BF16,
}
