namespace Spoco.Kernels.Primitives;

/// <summary>Anchors on the host: a candidate is compared with the anchors before it, and only so many candidates are looked at as are needed.</summary>
internal sealed unsafe class AnchorSelectionHost : AnchorSelectionAlgorithm
{
    /// <inheritdoc/>
    public override string Name => "host";

    /// <inheritdoc/>
    public override bool Runs(in Capabilities device, in EmbeddingLayout layout) => device.OnHost;

    /// <inheritdoc/>
    public override void Select(
        EmbeddingLayout layout, DeviceBuffer<float> f, DeviceBuffer<float> g, CentreTable centres, float distance, DeviceBuffer<float> anchors,
        DeviceBuffer<float> momentumAnchors, DeviceBuffer<float> selected)
    {
        var channels = layout.Channels;
        foreach (ref var image in centres.Images.Span)
        {
            var count = 0;
            for (var i = 0; i < image.Candidates && count < image.Anchors; i++)
            {
                var pixel = centres.Candidates.HostAddress[image.FirstCandidate + i];
                var ef = At(f, pixel);
                var eg = At(g, pixel);
                if (IsNear(anchors, image.FirstAnchor, count, ef) || IsNear(momentumAnchors, image.FirstAnchor, count, eg))
                    continue;
                var row = image.FirstAnchor + count++;
                ef.CopyTo(Row(anchors, row));
                eg.CopyTo(Row(momentumAnchors, row));
                centres.AnchorPixels.HostAddress[row] = pixel;
                selected.HostAddress[row] = i;
            }

            image = image.WithAnchors(count);
        }

        Span<float> At(DeviceBuffer<float> e, int pixel) => new(e.HostAddress + (long)pixel * layout.PixelStride + layout.ChannelOffset, channels);

        Span<float> Row(DeviceBuffer<float> rows, int row) => new(rows.HostAddress + (long)row * channels, channels);

        bool IsNear(DeviceBuffer<float> rows, int first, int count, Span<float> e)
        {
            for (var row = first; row < first + count; row++)
            {
                if (MathF.Sqrt(EmbeddingDistance.Squared(ref Row(rows, row)[0], ref e[0], channels)) < distance)
                    return true;
            }

            return false;
        }
    }
}
