using Spoco.Kernels;
using Primitives = Spoco.Kernels.Primitives;

namespace Spoco.Engine.Losses;

/// <summary>
/// Soft masks of labelled objects as images of their own (Eq. 3): S_k = exp(-|e_i - mu_k|^2 / (2 sigma^2)) over the pixels i of the object's image,
/// mu_k the mean of e over the object. The gradient flows through e and mu.
/// </summary>
public static class SoftMasks
{
    /// <summary>Computes the masks of some clusters.</summary>
    /// <param name="embeddings">e, [N, D, H, W, C].</param>
    /// <param name="labels">[N, D, H, W].</param>
    /// <param name="clusters">Numbers among the clusters of <paramref name="labels"/>, ascending; one may occur several times.</param>
    /// <param name="options">Kernel threshold and delta_v, which give sigma; whether the last channel is a foreground logit and no part of e.</param>
    /// <returns>[clusters, D, H, W, 1]. A gradient of its gradient is not available.</returns>
    /// <exception cref="ArgumentException">The labels do not fit, or the clusters are none, out of range or not ascending.</exception>
    public static Tensor Apply(Tensor embeddings, LabelBatch labels, ReadOnlySpan<int> clusters, SpocoLossOptions options)
    {
        ArgumentNullException.ThrowIfNull(embeddings);
        ArgumentNullException.ThrowIfNull(labels);
        ArgumentNullException.ThrowIfNull(options);
        if (labels.Shape != embeddings.Shape.WithChannels(1))
            throw new ArgumentException($"SoftMasks: labels {labels.Shape} do not fit embeddings {embeddings.Shape}.");
        if (clusters.Length == 0)
            throw new ArgumentException("SoftMasks: at least one cluster is needed.");
        for (var k = 0; k < clusters.Length; k++)
        {
            if (clusters[k] < (k == 0 ? 0 : clusters[k - 1]) || clusters[k] >= labels.Clusters)
                throw new ArgumentException(
                    $"SoftMasks: clusters ascend within 0 .. {labels.Clusters - 1}, got {string.Join(", ", clusters.ToArray())}.");
        }

        using var holdings = new Holdings();
        var state = new State(embeddings, labels, clusters, options, holdings);
        var masks = Tensor.Empty(embeddings.Device, embeddings.Shape with { N = clusters.Length, C = 1 }, nameof(SoftMasks));
        Primitives.SoftMasks.Forward(state.Inputs, masks.Buffer);
        return Gradients.Needed(embeddings) ? Gradients.Record(masks, new Node(embeddings, masks, state, holdings.Share())) : masks;
    }

    private sealed class Node : GradientNode
    {
        private readonly Tensor _masks;
        private readonly TensorShape _shape;
        private readonly State _state;
        private readonly Holdings _holdings;

        public Node(Tensor embeddings, Tensor masks, State state, Holdings holdings) : base(embeddings)
        {
            Save(embeddings);
            _masks = Save(masks);
            (_shape, _state, _holdings) = (embeddings.Shape, state, holdings);
        }

        protected internal override void Backward(Tensor gradient, Span<Tensor?> inputGradients)
        {
            if (Gradients.IsRecording)
                throw new NotSupportedException("SoftMasks: the gradient cannot be differentiated again.");
            var result = _shape.C == _state.Inputs.Layout.Channels
                ? Tensor.Empty(gradient.Device, _shape, nameof(SoftMasks)) : Tensor.Zeros(gradient.Device, _shape, nameof(SoftMasks));
            _state.WriteGradient(_masks.Buffer, gradient.Buffer, result.Buffer);
            inputGradients[0] = result;
        }

        protected override void ReleaseMemory() => _holdings.Dispose();
    }

    /// <summary>One evaluation, whose small buffers are kept for the gradient.</summary>
    private sealed class State
    {
        public State(Tensor embeddings, LabelBatch labels, ReadOnlySpan<int> clusters, SpocoLossOptions options, Holdings holdings)
        {
            var device = embeddings.Device;
            var layout = EmbeddingLayout.Of(embeddings.Shape, embeddings.Shape.C - (options.ForegroundChannel ? 1 : 0));
            var segments = labels.On(device);
            Inputs = new SoftMaskInputs
            {
                Falloff = (float)options.Falloff,
                Layout = layout,
                Embeddings = embeddings.Buffer,
                Means = holdings.Allocate<float>(device, (long)labels.Clusters * layout.Channels, nameof(SoftMasks)),
                Table = holdings.Add(MaskTable.Upload(segments, clusters)),
            };
            Primitives.ClusterMeans.Forward(layout, embeddings.Buffer, segments, Inputs.Means);
        }

        public SoftMaskInputs Inputs { get; }

        public void WriteGradient(DeviceBuffer<float> masks, DeviceBuffer<float> maskGradient, DeviceBuffer<float> gradient)
        {
            var shift = masks.Device.Allocate<float>(Inputs.Means.Length, nameof(SoftMasks));
            using var memory = shift.Memory;
            Primitives.SoftMasks.Shift(Inputs, masks, maskGradient, shift);
            Primitives.SoftMasks.Gradient(Inputs, masks, maskGradient, shift, gradient);
        }
    }
}
