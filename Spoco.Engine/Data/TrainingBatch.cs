using Spoco.Engine.Losses;
using Spoco.Kernels;

namespace Spoco.Engine.Data;

/// <summary>Two augmented views of the same patches and their labels, in host memory; made once and filled again for every step.</summary>
public sealed class TrainingBatch
{
    private LabelBatch? _sorted;

    /// <summary>Takes memory for a batch.</summary>
    /// <param name="shape">[N, D, H, W, image channels].</param>
    public TrainingBatch(TensorShape shape)
    {
        if (!shape.IsValid)
            throw new ArgumentException($"TrainingBatch: every extent must be at least 1, got {shape}.");
        Shape = shape;
        ViewF = new float[shape.Count];
        ViewG = new float[shape.Count];
        Labels = new int[shape.Voxels];
    }

    /// <summary>[N, D, H, W, image channels].</summary>
    public TensorShape Shape { get; }

    /// <summary>What f sees: images [N, D, H, W, C], augmented.</summary>
    public float[] ViewF { get; }

    /// <summary>What g sees: the same geometry, other intensities.</summary>
    public float[] ViewG { get; }

    /// <summary>[N, D, H, W]; 0 = unlabelled (sparse) or background (full).</summary>
    public int[] Labels { get; }

    /// <summary>The iteration that the content was made for.</summary>
    public long Iteration { get; set; } = -1;

    /// <summary>Sorts the labels ahead, on the thread that has filled the batch; who changes them afterwards sorts them again.</summary>
    /// <exception cref="ArgumentException">A label is none, see <see cref="LabelBatch.From"/>.</exception>
    internal void SortLabels()
    {
        _sorted?.Dispose();
        _sorted = null;
        _sorted = LabelBatch.From(Shape.WithChannels(1), Labels);
    }

    /// <summary>The labels, sorted, now if nobody has done it; they belong to the caller.</summary>
    /// <exception cref="ArgumentException">A label is none, see <see cref="LabelBatch.From"/>.</exception>
    internal LabelBatch TakeLabels()
    {
        var labels = _sorted ?? LabelBatch.From(Shape.WithChannels(1), Labels);
        _sorted = null;
        return labels;
    }
}
