namespace Spoco.Kernels.Primitives;

/// <summary>
/// The passes on the host: a worker goes through the tiles of one part of the pixels after the other. Sums are single precision within a tile and
/// double precision beyond it, per part; the parts are added in their order, so that no sum depends on the workers.
/// </summary>
internal sealed unsafe class EmbeddingLossHost : EmbeddingLossAlgorithm
{
    private const int Parts = PartSums.Parts;

    /// <inheritdoc/>
    public override string Name => "host";

    /// <inheritdoc/>
    public override bool Runs(in Capabilities device, in EmbeddingLayout layout) => device.OnHost;

    /// <inheritdoc/>
    public override long KeptLength(EmbeddingLayout layout, int anchors) => KeptMasks.MoreAnchors(layout, anchors) * layout.Count;

    /// <inheritdoc/>
    public override void Sums(EmbeddingLossInputs inputs, DeviceBuffer<float> gradient, EmbeddingLossSums sums)
    {
        Pass(inputs, gradient, sums);

        // What lines are summed over depends on which anchors are used.
        if (sums.Lines.Length > 0 && DropAnchors(inputs, sums.Anchors))
            Pass(inputs, gradient, sums);
    }

    /// <inheritdoc/>
    public override void Gradient(EmbeddingLossInputs inputs, DeviceBuffer<float> shift, DeviceBuffer<float> gradient)
    {
        var (host, layout) = (gradient.Device.Host, inputs.Layout);
        var partialLength = Lines(Parts * inputs.Anchors.Length);
        var scratchLength = host.Workers.Workers * EmbeddingGradientBody.ScratchLength(layout.Channels);
        using var memory = host.Workspace(partialLength * sizeof(double) + scratchLength * sizeof(float));
        var partials = PartSums.Cleared(memory, partialLength);
        PartSums.Run(host, EmbeddingTile.CountOf(layout), new EmbeddingGradientBody(
            new EmbeddingPointers(inputs), new KeptMasks(inputs, gradient), inputs.LineFactors.HostAddress, shift.HostAddress,
            gradient.HostAddress, partials, inputs.Anchors.Length, (float*)(partials + partialLength)));
        PartSums.Add(partials, inputs.Anchors.Length);
        foreach (var image in inputs.Centres.Images.Span)
        {
            for (var a = image.FirstAnchor; a < image.FirstAnchor + image.Anchors; a++)
            {
                var pixel = gradient.HostAddress + (long)inputs.Centres.AnchorPixels.HostAddress[a] * layout.PixelStride + layout.ChannelOffset;
                for (var c = 0; c < layout.Channels; c++)
                    pixel[c] -= (float)partials[(long)a * layout.Channels + c];
            }
        }
    }

    private static void Pass(EmbeddingLossInputs inputs, DeviceBuffer<float> gradient, EmbeddingLossSums sums)
    {
        var host = inputs.Embeddings.Device.Host;
        var (objects, anchors, lines) = (sums.Objects, sums.Anchors, sums.Lines);
        var partialLength = Lines(Parts * (objects.Length + anchors.Length));
        var pixelLength = inputs.Terms.LineLength > 0 ? 2L * inputs.Layout.Count : 0;
        var scratchLength = host.Workers.Workers * TileMemory.Length(inputs.Layout.Channels);
        using var memory = host.Workspace(partialLength * sizeof(double) + (scratchLength + pixelLength) * sizeof(float));
        var objectPartials = PartSums.Cleared(memory, partialLength);
        var anchorPartials = objectPartials + Parts * objects.Length;
        var scratch = (float*)(objectPartials + partialLength);
        var pixels = pixelLength > 0 ? scratch + scratchLength : null;
        PartSums.Run(host, EmbeddingTile.CountOf(inputs.Layout), new EmbeddingSumsBody(
            new EmbeddingPointers(inputs), !gradient.IsNull, new KeptMasks(inputs, gradient), objectPartials, objects.Length,
            anchorPartials, anchors.Length, pixels, scratch));
        PartSums.Add(objectPartials, objects);
        PartSums.Add(anchorPartials, anchors);
        for (long line = 0; pixels is not null && line < lines.Length / 2; line++)
        {
            double overlap = 0, square = 0;
            for (var p = line * inputs.Terms.LineLength; p < (line + 1) * inputs.Terms.LineLength; p++)
            {
                overlap += pixels[2 * p];
                square += pixels[2 * p + 1];
            }

            lines.HostAddress[2 * line] = (float)overlap;
            lines.HostAddress[2 * line + 1] = (float)square;
        }
    }

    /// <summary>Drops the anchors of every image that come after too few pixels are left; whether there were any.</summary>
    private static bool DropAnchors(EmbeddingLossInputs inputs, DeviceBuffer<float> sums)
    {
        var dropped = false;
        foreach (ref var image in inputs.Centres.Images.Span)
        {
            var used = AnchorCover.Used(image, sums.HostAddress, inputs.Terms.LeastRemaining);
            dropped |= used < image.Anchors;
            image = image.WithAnchors(used);
        }

        return dropped;
    }

    /// <summary>So many numbers, rounded up to whole cache lines.</summary>
    private static long Lines(long length) => (length + CacheLine.Floats - 1) / CacheLine.Floats * CacheLine.Floats;
}
