namespace Spoco.Kernels;

/// <summary>What a normalisation multiplies with and adds.</summary>
/// <param name="Gamma">Scale per channel.</param>
/// <param name="Beta">Offset per channel.</param>
/// <param name="Mean">One per statistic.</param>
/// <param name="Rstd">1 / sqrt(variance + eps), one per statistic.</param>
public readonly record struct NormBuffers(DeviceBuffer<float> Gamma, DeviceBuffer<float> Beta, DeviceBuffer<float> Mean, DeviceBuffer<float> Rstd);

/// <summary>What <see cref="Primitives.NormConvolution"/> writes: its result y, and what follows from it, computed while it is near.</summary>
/// <param name="Y">Result.</param>
/// <param name="Moments">
/// Mean of y and sum of squared deviations from it, as pairs, one per image and channel, for the statistics of a following norm; default = not needed.
/// </param>
/// <param name="Pool">Windows for <paramref name="Pooled"/>; see <see cref="NormConvolutionShape.Pools"/>.</param>
/// <param name="Pooled">Maxima over windows of y, as of <see cref="Primitives.MaxPool"/>; default = not needed.</param>
/// <param name="Places">Where in the windows they are; default = not needed.</param>
/// <param name="PooledMoments">Moments of the maxima; default = not needed.</param>
public readonly record struct NormConvolutionResults(
    DeviceBuffer<float> Y, DeviceBuffer<double> Moments = default, PoolingShape Pool = default, DeviceBuffer<float> Pooled = default,
    DeviceBuffer<byte> Places = default, DeviceBuffer<double> PooledMoments = default);

/// <summary>Where the gradients of <see cref="Primitives.NormConvolution"/> go; default = not needed.</summary>
/// <param name="Input">dx.</param>
/// <param name="Small">Gradient of the second input.</param>
/// <param name="Gamma">Per channel.</param>
/// <param name="Beta">Per channel.</param>
/// <param name="Weight">Shape of the weight.</param>
public readonly record struct NormConvolutionGradients(
    DeviceBuffer<float> Input, DeviceBuffer<float> Small, DeviceBuffer<float> Gamma, DeviceBuffer<float> Beta, DeviceBuffer<float> Weight);
