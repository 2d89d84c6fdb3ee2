namespace Spoco.Kernels.Primitives;

/// <summary>
/// Soft masks of single objects, S_k = exp(-Falloff |e_i - mu_k|^2) over the pixels i of the object's image, as images of their own: what a critic
/// judges. Sums have a fixed order: same device, same bits, with any number of threads.
/// </summary>
internal static class SoftMasks
{
    internal static readonly Chooser<SoftMasksAlgorithm, EmbeddingLayout> Chooser = new(nameof(SoftMasks), new SoftMasksHost(), new SoftMasksSimt());

    /// <summary>masks[k, i] = exp(-Falloff |e_i - mu_k|^2).</summary>
    /// <param name="inputs">What is read.</param>
    /// <param name="masks">[K, pixels of an image].</param>
    /// <exception cref="ArgumentException">A buffer has another length than the layout and the table say, or lies on another device.</exception>
    public static void Forward(SoftMaskInputs inputs, DeviceBuffer<float> masks)
    {
        Require(inputs, masks);
        Chooser.For(masks.Device, inputs.Layout).Forward(inputs, masks);
    }

    /// <summary>
    /// shift[c, :] = 1/N_c dL/dmu_c for every cluster of N_c pixels: the share of each of its pixels. dL/dmu_c = -sum over the masks k around mu_c and the pixels i of w_ki (e_i - mu_c)
    /// with w_ki = -2 Falloff masks[k, i] gradient[k, i]; 0 for a cluster without a mask.
    /// </summary>
    /// <param name="inputs">What is read.</param>
    /// <param name="masks">Result of <see cref="Forward"/>.</param>
    /// <param name="maskGradient">dL/dmasks.</param>
    /// <param name="shift">[clusters, E], overwritten.</param>
    /// <exception cref="ArgumentException">A buffer has another length than the layout and the table say, or lies on another device.</exception>
    public static void Shift(SoftMaskInputs inputs, DeviceBuffer<float> masks, DeviceBuffer<float> maskGradient, DeviceBuffer<float> shift)
    {
        Require(inputs, masks).Need(maskGradient, masks.Length, "the gradient of the masks").Need(shift, inputs.Means.Length, "the shift");
        Chooser.For(masks.Device, inputs.Layout).Shift(inputs, masks, maskGradient, shift);
    }

    /// <summary>dL/de_i = shift[cluster of i] + sum over the masks k of the pixel's image of w_ki (e_i - mu_k).</summary>
    /// <param name="inputs">What is read.</param>
    /// <param name="masks">Result of <see cref="Forward"/>.</param>
    /// <param name="maskGradient">dL/dmasks.</param>
    /// <param name="shift">Result of <see cref="Shift"/>.</param>
    /// <param name="gradient">Written at the channels of the layout; other channels are left as they are.</param>
    /// <exception cref="ArgumentException">A buffer has another length than the layout and the table say, or lies on another device.</exception>
    public static void Gradient(
        SoftMaskInputs inputs, DeviceBuffer<float> masks, DeviceBuffer<float> maskGradient, DeviceBuffer<float> shift, DeviceBuffer<float> gradient)
    {
        Require(inputs, masks).Need(maskGradient, masks.Length, "the gradient of the masks").Need(shift, inputs.Means.Length, "the shift")
            .Need(gradient, inputs.Layout.Elements, "the gradient");
        Chooser.For(masks.Device, inputs.Layout).Gradient(inputs, masks, maskGradient, shift, gradient);
    }

    private static Arguments Require(SoftMaskInputs inputs, DeviceBuffer<float> masks)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        var (layout, table) = (inputs.Layout, inputs.Table);
        layout.Require(nameof(SoftMasks));
        return new Arguments(nameof(SoftMasks), inputs.Embeddings.Device).Need(inputs.Embeddings, layout.Elements, "the embeddings")
            .Need(table.Segments.Owners, layout.Count, "the labels").Need(table.FirstClusters, layout.Images, "the images")
            .Need(inputs.Means, (long)table.Segments.Clusters * layout.Channels, "the means").Need(masks, (long)table.Masks * layout.Pixels, "the masks");
    }
}
