namespace Spoco.Kernels;

/// <summary>What a normalisation multiplies with and adds.</summary>
/// <param name="Gamma">Scale per channel.</param>
/// <param name="Beta">Offset per channel.</param>
/// <param name="Mean">One per statistic.</param>
/// <param name="Rstd">1 / sqrt(variance + eps), one per statistic.</param>
public readonly record struct NormBuffers(DeviceBuffer<float> Gamma, DeviceBuffer<float> Beta, DeviceBuffer<float> Mean, DeviceBuffer<float> Rstd);

/// <summary>Where the gradients of <see cref="Primitives.NormConvolution"/> go; default = not needed.</summary>
/// <param name="Input">dx.</param>
/// <param name="Small">Gradient of the second input.</param>
/// <param name="Gamma">Per channel.</param>
/// <param name="Beta">Per channel.</param>
/// <param name="Weight">Shape of the weight.</param>
public readonly record struct NormConvolutionGradients(
    DeviceBuffer<float> Input, DeviceBuffer<float> Small, DeviceBuffer<float> Gamma, DeviceBuffer<float> Beta, DeviceBuffer<float> Weight);
