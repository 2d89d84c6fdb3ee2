using Spoco.Kernels;
using Primitives = Spoco.Kernels.Primitives;

namespace Spoco.Engine.Ops;

/// <summary>
/// A unit of a network, y = f(norm(x) * weight), as one operation: the normalised tensor is not kept for the gradient, and where the device has kernels for
/// the shape it never exists, and neither does the joined tensor of a decoder level.
/// </summary>
public static class NormConvolution
{
    private const float Eps = 1e-5f;

    /// <summary>With <see cref="GroupNorm"/>.</summary>
    /// <param name="x">[N, D, H, W, C].</param>
    /// <param name="small">Second tensor, enlarged to the size of <paramref name="x"/> and joined behind its channels; null = none.</param>
    /// <param name="gamma">Scale, one per joined channel.</param>
    /// <param name="beta">Offset, one per joined channel.</param>
    /// <param name="groups">Groups of channels; divides the joined channels.</param>
    /// <param name="weight">[kD, kH, kW, joined channels, Cout], of odd extents.</param>
    /// <param name="activation">The activation function f, applied to what the norm gives.</param>
    /// <returns>[N, D, H, W, Cout]. A gradient of its gradient is not available.</returns>
    /// <exception cref="ArgumentException">Shapes do not fit each other.</exception>
    public static Tensor Apply(Tensor x, Tensor? small, Tensor gamma, Tensor beta, int groups, Tensor weight, ActivationFunction activation)
    {
        using var scope = new TensorScope();
        return scope.Keep(Apply(Map(x)!.Value, Map(small), gamma, beta, groups, weight, activation, default).Y.Values);
    }

    /// <summary>The same, prepared for what comes next.</summary>
    internal static (FeatureMap Y, FeatureMap? Pooled) Apply(
        FeatureMap x, FeatureMap? small, Tensor gamma, Tensor beta, int groups, Tensor weight, ActivationFunction activation, NextOperations next)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(groups, 1);
        var shape = Shape(x, small, gamma, beta, weight, groups, activation, default);
        var statistics = Statistics(x, shape);
        Primitives.NormConvolution.Measure(shape, Inputs(x, small), new NormParameters(gamma.Buffer, beta.Buffer, Eps), default, statistics.Buffer);
        return Forward(shape, x, small, gamma, beta, statistics, weight, constantStatistics: false, next);
    }

    /// <summary>With <see cref="BatchNorm"/>.</summary>
    /// <param name="x">[N, D, H, W, C].</param>
    /// <param name="small">Second tensor, enlarged to the size of <paramref name="x"/> and joined behind its channels; null = none.</param>
    /// <param name="gamma">Scale, one per joined channel.</param>
    /// <param name="beta">Offset, one per joined channel.</param>
    /// <param name="runningMean">One per joined channel; updated in training.</param>
    /// <param name="runningVariance">One per joined channel; updated in training.</param>
    /// <param name="training">Whether to use the statistics of the batch.</param>
    /// <param name="weight">[kD, kH, kW, joined channels, Cout], of odd extents.</param>
    /// <param name="activation">The activation function f, applied to what the norm gives.</param>
    /// <param name="momentum">Weight of the batch in the running averages.</param>
    /// <returns>[N, D, H, W, Cout]. A gradient of its gradient is not available.</returns>
    /// <exception cref="ArgumentException">Shapes do not fit each other, or the batch has one value per channel in training.</exception>
    public static Tensor ApplyBatch(
        Tensor x, Tensor? small, Tensor gamma, Tensor beta, Tensor runningMean, Tensor runningVariance, bool training, Tensor weight,
        ActivationFunction activation, float momentum = 0.1f)
    {
        using var scope = new TensorScope();
        return scope.Keep(ApplyBatch(
            Map(x)!.Value, Map(small), gamma, beta, runningMean, runningVariance, training, weight, activation, default, momentum).Y.Values);
    }

    /// <summary>The same, prepared for what comes next.</summary>
    internal static (FeatureMap Y, FeatureMap? Pooled) ApplyBatch(
        FeatureMap x, FeatureMap? small, Tensor gamma, Tensor beta, Tensor runningMean, Tensor runningVariance, bool training, Tensor weight,
        ActivationFunction activation, NextOperations next, float momentum = 0.1f, TensorShape whole = default)
    {
        var shape = Shape(x, small, gamma, beta, weight, 0, activation, whole);
        if (training)
            BatchNorm.RequireSeveral(x.Shape);
        var statistics = Statistics(x, shape);
        var norm = new NormParameters(gamma.Buffer, beta.Buffer, Eps);
        if (training)
        {
            Primitives.NormConvolution.Measure(shape, Inputs(x, small), norm,
                new RunningStatistics(runningMean.Buffer, runningVariance.Buffer, momentum), statistics.Buffer);
        }
        else
        {
            Primitives.NormConvolution.Know(shape, norm, runningMean.Buffer, runningVariance.Buffer, statistics.Buffer);
        }

        return Forward(shape, x, small, gamma, beta, statistics, weight, constantStatistics: !training, next);
    }

    private static FeatureMap? Map(Tensor? tensor) => tensor is null ? null : new FeatureMap(tensor);

    private static NormConvolutionInputs Inputs(FeatureMap x, FeatureMap? small) => new(
        x.Values.Stored, small?.Values.Stored ?? default, x.Moments?.Buffer ?? default, small?.Moments?.Buffer ?? default);

    private static NormConvolutionShape Shape(
        FeatureMap x, FeatureMap? small, Tensor gamma, Tensor beta, Tensor weight, int groups, ActivationFunction activation, TensorShape whole)
    {
        ArgumentNullException.ThrowIfNull(x.Values);
        ArgumentNullException.ThrowIfNull(gamma);
        ArgumentNullException.ThrowIfNull(beta);
        ArgumentNullException.ThrowIfNull(weight);
        var shape = NormConvolutionShape.Create(x.Shape, small?.Shape ?? default, WeightShape.Of(weight.Shape), groups, activation, whole);
        var channels = TensorShape.Vector(shape.Weight.Inputs);
        if (gamma.Shape != channels || beta.Shape != channels)
            throw new ArgumentException($"NormConvolution: gamma and beta must have one value per channel, {channels}, got {gamma.Shape} and {beta.Shape}.");
        return shape;
    }

    private static Tensor Statistics(FeatureMap x, in NormConvolutionShape shape) =>
        Floats(x.Values.Device, Primitives.NormConvolution.StatisticsLength(x.Values.Device, shape));

    private static Tensor Floats(ComputeDevice device, long count) => Tensor.Empty(device, TensorShape.Vector(checked((int)count)), nameof(NormConvolution));

    private static (FeatureMap Y, FeatureMap? Pooled) Forward(
        NormConvolutionShape shape, FeatureMap x, FeatureMap? small, Tensor gamma, Tensor beta, Tensor statistics, Tensor weight, bool constantStatistics,
        NextOperations next)
    {
        var device = x.Values.Device;
        var needed = Gradients.Needed(x.Values, small?.Values, gamma, beta, weight);
        var pool = next.Window is { } window ? PoolingShape.Of(nameof(MaxPool), shape.Output, window) : default;
        var pools = next.Window is not null && Primitives.NormConvolution.Pools(device, shape, pool);
        var type = next.Narrow ? Primitives.NormConvolution.Storage(device, shape) : ElementType.F32;
        var y = Tensor.Empty(device, shape.Output, nameof(NormConvolution), type);
        var pooled = pools ? Tensor.Empty(device, pool.Output, nameof(MaxPool), type) : null;
        using var places = new MaxPool.Places(device, pool, pools && needed);
        var momentsLength = next.Norm ? Primitives.NormConvolution.MomentsLength(device, shape, pools ? pool : default) : 0;
        var moments = momentsLength > 0 ? Floats(device, momentsLength) : null;
        var pooledMoments = pools && momentsLength > 0 ? Floats(device, momentsLength) : null;
        Primitives.NormConvolution.Forward(shape, Inputs(x, small), new NormParameters(gamma.Buffer, beta.Buffer, Eps), statistics.Buffer, weight.Buffer,
            new NormConvolutionResults(y.Stored, moments?.Buffer ?? default, pool, pooled?.Stored ?? default, places.Buffer,
                pooledMoments?.Buffer ?? default));
        if (needed)
            Gradients.Record(y, new Node(shape, x.Values, small?.Values, gamma, beta, statistics, weight, y, constantStatistics));
        var map = new FeatureMap(y, moments);
        return pooled is null ? next.Pool(map) : (map, new FeatureMap(MaxPool.Record(pooled, y, pool, places), pooledMoments));
    }

    private sealed class Node : GradientNode
    {
        private readonly NormConvolutionShape _shape;
        private readonly Tensor _x;
        private readonly Tensor? _small;
        private readonly Tensor _gamma;
        private readonly Tensor _beta;
        private readonly Tensor _statistics;
        private readonly Tensor _weight;
        private readonly Tensor _y;
        private readonly bool _constantStatistics;

        public Node(
            NormConvolutionShape shape, Tensor x, Tensor? small, Tensor gamma, Tensor beta, Tensor statistics, Tensor weight, Tensor y,
            bool constantStatistics)
            : base(x, small, gamma, beta, weight)
        {
            _shape = shape;
            _x = Save(x);
            _small = small is null ? null : Save(small);
            _gamma = Save(gamma);
            _beta = Save(beta);
            _statistics = Save(statistics);
            _weight = Save(weight);
            _y = Save(y);
            _constantStatistics = constantStatistics;
        }

        protected internal override void Backward(Tensor gradient, Span<Tensor?> inputGradients)
        {
            if (Gradients.Needed(gradient, _x, _small, _gamma, _beta, _weight))
                throw new NotSupportedException("NormConvolution: the gradient of a gradient is not available.");
            for (var i = 0; i < inputGradients.Length; i++)
            {
                if (Needs(i))
                    inputGradients[i] = Place(i) ?? Tensor.Empty(_x.Device, Inputs[i]!.Shape, nameof(NormConvolution), Inputs[i]!.ElementType);
            }

            Primitives.NormConvolution.Backward(_shape, gradient.Stored, _y.Stored, new NormConvolutionInputs(_x.Stored, _small?.Stored ?? default),
                new NormParameters(_gamma.Buffer, _beta.Buffer, Eps), _statistics.Buffer, _weight.Buffer, _constantStatistics,
                new NormConvolutionGradients(inputGradients[0]?.Stored ?? default, inputGradients[1]?.Stored ?? default, Buffer(inputGradients[2]), Buffer(inputGradients[3]),
                    Buffer(inputGradients[4])));
        }

        private static DeviceBuffer<float> Buffer(Tensor? tensor) => tensor?.Buffer ?? default;
    }
}
