namespace Spoco.Kernels.Primitives;

/// <summary>
/// Soft masks of single objects, S_k = exp(-Falloff |e_i - mu_k|^2) over the pixels i of the object's image, as images of their own: what a critic
/// judges. Sums have a fixed order: same device, same bits, with any number of threads.
/// </summary>
public static class SoftMasks
{
    /// <summary>masks[k, i] = exp(-Falloff |e_i - mu_k|^2).</summary>
    /// <param name="inputs">What is read.</param>
    /// <param name="masks">[K, pixels of an image].</param>
    /// <exception cref="ArgumentException">Lengths do not fit.</exception>
    public static void Forward(SoftMaskInputs inputs, DeviceBuffer<float> masks)
    {
        Require(inputs, masks);
        if (masks.Device is HostDevice host)
            SoftMasksHost.Forward(host, inputs, masks);
        else
            SoftMasksSimt.Forward((IlgpuDevice)masks.Device, inputs, masks);
    }

    /// <summary>
    /// sums[k, :] = sum over i of w_ki (e_i - mu_k) with w_ki = -2 Falloff masks[k, i] gradient[k, i]: minus the derivative with respect to mu_k.
    /// </summary>
    /// <param name="inputs">What is read.</param>
    /// <param name="masks">Result of <see cref="Forward"/>.</param>
    /// <param name="maskGradient">dL/dmasks.</param>
    /// <param name="sums">[K, E].</param>
    /// <exception cref="ArgumentException">Lengths do not fit.</exception>
    public static void CentreSums(SoftMaskInputs inputs, DeviceBuffer<float> masks, DeviceBuffer<float> maskGradient, DeviceBuffer<float> sums)
    {
        Require(inputs, masks);
        Require(inputs, maskGradient);
        if (sums.Length != inputs.Centres.Length)
            throw new ArgumentException($"SoftMasks: {sums.Length} sums for {inputs.Centres.Length} components of centres.");
        if (masks.Device is HostDevice host)
            SoftMasksHost.CentreSums(host, inputs, masks, maskGradient, sums);
        else
            SoftMasksSimt.CentreSums((IlgpuDevice)masks.Device, inputs, masks, maskGradient, sums);
    }

    /// <summary>dL/de_i = shift[cluster of i] + sum over the masks k of the pixel's image of w_ki (e_i - mu_k).</summary>
    /// <param name="inputs">What is read.</param>
    /// <param name="masks">Result of <see cref="Forward"/>.</param>
    /// <param name="maskGradient">dL/dmasks.</param>
    /// <param name="shift">[clusters, E]: what reaches every pixel of a cluster through the cluster's mean.</param>
    /// <param name="gradient">Written at the channels of the layout; other channels are left as they are.</param>
    /// <exception cref="ArgumentException">Lengths do not fit.</exception>
    public static void Gradient(
        SoftMaskInputs inputs, DeviceBuffer<float> masks, DeviceBuffer<float> maskGradient, DeviceBuffer<float> shift, DeviceBuffer<float> gradient)
    {
        Require(inputs, masks);
        Require(inputs, maskGradient);
        if (gradient.Length != inputs.Embeddings.Length || shift.Length != (long)inputs.Table.Segments.Clusters * inputs.Layout.Channels)
            throw new ArgumentException($"SoftMasks: a gradient of {gradient.Length} elements and a shift of {shift.Length} for "
                + $"{inputs.Embeddings.Length} of embeddings and {inputs.Table.Segments.Clusters} clusters.");
        if (masks.Device is HostDevice host)
            SoftMasksHost.Gradient(host, inputs, masks, maskGradient, shift, gradient);
        else
            SoftMasksSimt.Gradient((IlgpuDevice)masks.Device, inputs, masks, maskGradient, shift, gradient);
    }

    private static void Require(SoftMaskInputs inputs, DeviceBuffer<float> masks)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        var layout = inputs.Layout;
        var table = inputs.Table;
        if (layout.Channels < 1 || layout.ChannelOffset < 0 || layout.ChannelOffset + layout.Channels > layout.PixelStride
            || inputs.Embeddings.Length != layout.Count * layout.PixelStride || table.Segments.Owners.Length != layout.Count
            || table.FirstClusters.Length != layout.Images
            || inputs.Centres.Length != (long)table.Masks * layout.Channels || masks.Length != (long)table.Masks * layout.Pixels)
            throw new ArgumentException($"SoftMasks: {masks.Length} values of masks, {inputs.Centres.Length} of centres and "
                + $"{inputs.Embeddings.Length} of embeddings do not fit {layout}.");
    }
}
