namespace Spoco.Kernels;

/// <summary>What a <see cref="Primitives.NormConvolution"/> reads.</summary>
/// <param name="X">Input.</param>
/// <param name="Small">Second input; default where the geometry has none.</param>
/// <param name="Moments">Moments of x, as the unit that made it wrote them; default = not known.</param>
/// <param name="SmallMoments">The same of the second input.</param>
internal readonly record struct NormConvolutionInputs(
    ValueBuffer X, ValueBuffer Small, DeviceBuffer<float> Moments = default, DeviceBuffer<float> SmallMoments = default);

/// <summary>Scale and offset of a norm.</summary>
/// <param name="Gamma">Scale per channel.</param>
/// <param name="Beta">Offset per channel.</param>
/// <param name="Eps">Added to the variance.</param>
internal readonly record struct NormParameters(DeviceBuffer<float> Gamma, DeviceBuffer<float> Beta, float Eps);

/// <summary>What <see cref="Primitives.NormConvolution"/> writes: its result y, and what follows from it, computed while it is near.</summary>
/// <param name="Y">Result.</param>
/// <param name="Moments">
/// Moments of y for the statistics of a following norm, of <see cref="Primitives.NormConvolution.MomentsLength"/> and in a form that units of the device
/// know; default = not needed.
/// </param>
/// <param name="Pool">Windows for <paramref name="Pooled"/>; see <see cref="Primitives.NormConvolution.Pools"/>.</param>
/// <param name="Pooled">Maxima over windows of y, as of <see cref="Primitives.MaxPool"/>; default = not needed.</param>
/// <param name="Places">Where in the windows they are; default = not needed.</param>
/// <param name="PooledMoments">Moments of the maxima; default = not needed.</param>
internal readonly record struct NormConvolutionResults(
    ValueBuffer Y, DeviceBuffer<float> Moments = default, PoolingShape Pool = default, ValueBuffer Pooled = default,
    DeviceBuffer<byte> Places = default, DeviceBuffer<float> PooledMoments = default);

/// <summary>Where the gradients of <see cref="Primitives.NormConvolution"/> go; default = not needed.</summary>
/// <param name="Input">Of x.</param>
/// <param name="Small">Of the second input.</param>
/// <param name="Gamma">Per channel.</param>
/// <param name="Beta">Per channel.</param>
/// <param name="Weight">Of the weight.</param>
internal readonly record struct NormConvolutionGradients(
    ValueBuffer Input, ValueBuffer Small, DeviceBuffer<float> Gamma, DeviceBuffer<float> Beta, DeviceBuffer<float> Weight);
