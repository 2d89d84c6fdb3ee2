using System.Numerics;

namespace Spoco.Kernels.Primitives;

/// <summary>A channel of logits on the host, a tile of pixels at a time.</summary>
internal static unsafe class LogitTile
{
    /// <summary>Checks that a layout is that of one channel.</summary>
    /// <exception cref="ArgumentException">It is not; the message begins with <paramref name="operation"/>.</exception>
    public static void Require(string operation, EmbeddingLayout layout)
    {
        layout.Require(operation);
        if (layout.Channels != 1)
            throw new ArgumentException($"{operation}: logits are one channel, got {layout}.");
    }

    /// <summary>Gathers the logits and targets of a tile.</summary>
    public static void Load(EmbeddingTile tile, EmbeddingLayout layout, float* logits, float* targets, float* z, float* t)
    {
        // Pixels that fill up the tile are certain background without weight: they add nothing.
        new Span<float>(z, PixelTile.Pixels).Fill(-1e3f);
        new Span<float>(t, PixelTile.Pixels).Clear();
        new Span<float>(targets + tile.First, tile.Count).CopyTo(new Span<float>(t, PixelTile.Pixels));
        var at = logits + tile.First * layout.PixelStride + layout.ChannelOffset;
        for (var p = 0; p < tile.Count; p++)
            z[p] = at[(long)p * layout.PixelStride];
    }

    /// <summary>Scatters the gradient of a tile.</summary>
    public static void Store(EmbeddingTile tile, EmbeddingLayout layout, float* dz, float* gradient)
    {
        var at = gradient + tile.First * layout.PixelStride + layout.ChannelOffset;
        for (var p = 0; p < tile.Count; p++)
            at[(long)p * layout.PixelStride] = dz[p];
    }

    /// <summary>p = 1 / (1 + exp(-z)), and exp(-|z|).</summary>
    public static (Vector<float> P, Vector<float> Small) Sigmoid(Vector<float> z)
    {
        var (rate, limit) = SoftMask.Falloff(1);
        var small = SoftMask.Mask(Vector.Abs(z), rate, limit);
        var p = Vector.ConditionalSelect(Vector.GreaterThanOrEqual(z, Vector<float>.Zero), Vector<float>.One, small) / (Vector<float>.One + small);
        return (p, small);
    }
}
