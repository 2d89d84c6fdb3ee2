using Spoco.Kernels;
using Primitives = Spoco.Kernels.Primitives;

namespace Spoco.Engine.Segmentation;

/// <summary>
/// Affinities and foreground of a part of an image, averaged over views of it where the network runs. What a view says is weighed as it lies: the offsets are turned,
/// not the embeddings.
/// </summary>
internal sealed class MeanAffinities : IDisposable
{
    private readonly SpocoModel _model;
    private readonly IReadOnlyList<VoxelOffset> _offsets;
    private readonly VoxelBox _part;
    private readonly float _share;
    private readonly bool _channelsLast;
    private readonly Holdings _holdings;

    /// <summary>Nothing is added yet.</summary>
    /// <param name="model">Says what the channels of a view are, and delta_d.</param>
    /// <param name="offsets">The edges.</param>
    /// <param name="part">The part.</param>
    /// <param name="views">How many views there are to be.</param>
    /// <param name="channelsLast">Whether the offsets of a voxel are neighbours.</param>
    public MeanAffinities(SpocoModel model, IReadOnlyList<VoxelOffset> offsets, VoxelBox part, int views, bool channelsLast)
    {
        (_model, _offsets, _part, _share, _channelsLast) = (model, offsets, part, 1f / views, channelsLast);
        using var holdings = new Holdings();
        Weights = holdings.AllocateCleared<float>(model.Device, offsets.Count * part.VoxelCount, "affinities");
        if (model.Options.Foreground)
            Foreground = holdings.AllocateCleared<float>(model.Device, part.VoxelCount, "foreground");
        _holdings = holdings.Share();
    }

    /// <summary>Mean weight of every edge that begins in the part, [C, D, H, W] or [D, H, W, C]; 1 where it leaves what lies there.</summary>
    public DeviceBuffer<float> Weights { get; }

    /// <summary>Mean probability of belonging to an object, [D, H, W]; without memory for a model that has not learned it.</summary>
    public DeviceBuffer<float> Foreground { get; }

    /// <summary>Adds a view.</summary>
    /// <param name="orientation">How it is laid.</param>
    /// <param name="box">What of the image it shows: the part, and the partners of its voxels that are in the image.</param>
    /// <param name="outputs">What the network says of it, [D, H, W, output channels] as it is laid.</param>
    public void Add(Orientation orientation, VoxelBox box, DeviceBuffer<float> outputs)
    {
        var (device, d) = (_model.Device, _model.Options.EmbeddingDimensions);
        var image = orientation.Lay(box, _part, _model.EmbeddingNet.Options.OutputChannels);
        using var holdings = new Holdings();
        var offsets = holdings.Upload<PixelOffset>(device, [.. _offsets.Select(o => orientation.Apply(o).ToPixels())], "affinities");
        Primitives.Affinity.AddShare(image, outputs, d, offsets, _model.Options.Segmentation.Watershed.PushMargin, _share, _channelsLast, Weights);
        if (!Foreground.IsNull)
            Primitives.Probability.AddShare(image, outputs, d, _share, Foreground);
    }

    /// <inheritdoc/>
    public void Dispose() => _holdings.Dispose();
}
