using Spoco.Kernels;
using Primitives = Spoco.Kernels.Primitives;

namespace Spoco.Engine.Ops;

/// <summary>
/// A unit of a network, y = f(norm(x) * weight), as one operation: the normalised tensor is not kept for the gradient, on the host it never exists, and
/// neither does the joined tensor of a decoder level. Devices and shapes without such a kernel take the operations one by one.
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
    /// <param name="weight">[kD, kH, kW, joined channels, Cout].</param>
    /// <param name="activation">f.</param>
    /// <returns>[N, D, H, W, Cout]. A gradient of its gradient is not available.</returns>
    /// <exception cref="ArgumentException">Shapes do not fit each other.</exception>
    public static Tensor Apply(Tensor x, Tensor? small, Tensor gamma, Tensor beta, int groups, Tensor weight, ActivationFunction activation) =>
        Apply(x, small, gamma, beta, groups, weight, activation, default).Y;

    /// <summary>The same, prepared for what comes next.</summary>
    internal static (Tensor Y, Tensor? Pooled) Apply(
        Tensor x, Tensor? small, Tensor gamma, Tensor beta, int groups, Tensor weight, ActivationFunction activation, NextOperations next)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(groups, 1);
        if (Shape(x, small, weight, groups, activation) is not { } shape)
            return next.Pool(Convolution.Apply(GroupNorm.Apply(Join(x, small), gamma, beta, groups, Eps), weight, activation: activation));
        var (mean, rstd) = Statistics(x, small, shape, gamma, beta);
        Primitives.NormConvolution.Statistics(shape, Eps, x.Buffer, small?.Buffer ?? default, mean.Buffer, rstd.Buffer, default,
            x.Moments, small?.Moments ?? default);
        return Forward(shape, x, small, gamma, beta, mean, rstd, weight, activation, constantStatistics: false, next);
    }

    /// <summary>With <see cref="BatchNorm"/>.</summary>
    /// <param name="x">[N, D, H, W, C].</param>
    /// <param name="small">Second tensor, enlarged to the size of <paramref name="x"/> and joined behind its channels; null = none.</param>
    /// <param name="gamma">Scale, one per joined channel.</param>
    /// <param name="beta">Offset, one per joined channel.</param>
    /// <param name="runningMean">One per joined channel; updated in training.</param>
    /// <param name="runningVariance">One per joined channel; updated in training.</param>
    /// <param name="training">Whether to use the statistics of the batch.</param>
    /// <param name="weight">[kD, kH, kW, joined channels, Cout].</param>
    /// <param name="activation">f.</param>
    /// <param name="momentum">Weight of the batch in the running averages.</param>
    /// <returns>[N, D, H, W, Cout]. A gradient of its gradient is not available.</returns>
    /// <exception cref="ArgumentException">Shapes do not fit each other, or the batch has one value per channel in training.</exception>
    public static Tensor ApplyBatch(
        Tensor x, Tensor? small, Tensor gamma, Tensor beta, Tensor runningMean, Tensor runningVariance, bool training, Tensor weight,
        ActivationFunction activation, float momentum = 0.1f) =>
        ApplyBatch(x, small, gamma, beta, runningMean, runningVariance, training, weight, activation, default, momentum).Y;

    /// <summary>The same, prepared for what comes next.</summary>
    internal static (Tensor Y, Tensor? Pooled) ApplyBatch(
        Tensor x, Tensor? small, Tensor gamma, Tensor beta, Tensor runningMean, Tensor runningVariance, bool training, Tensor weight,
        ActivationFunction activation, NextOperations next, float momentum = 0.1f, TensorShape whole = default)
    {
        if (Shape(x, small, weight, 0, activation, whole) is not { } shape || (training && x.Shape.Voxels == 1))
        {
            var normalised = BatchNorm.Apply(Join(x, small), gamma, beta, runningMean, runningVariance, training, momentum, Eps);
            return next.Pool(Convolution.Apply(normalised, weight, activation: activation, whole: whole));
        }

        var (mean, rstd) = Statistics(x, small, shape, gamma, beta);
        if (training)
        {
            Primitives.NormConvolution.Statistics(shape, Eps, x.Buffer, small?.Buffer ?? default, mean.Buffer, rstd.Buffer,
                new RunningStatistics(runningMean.Buffer, runningVariance.Buffer, momentum), x.Moments, small?.Moments ?? default);
        }
        else
        {
            // A copy: the running mean may move on before the gradient is computed.
            runningMean.Buffer.CopyTo(mean.Buffer);
            Primitives.BatchNorm.ReciprocalDeviation(runningVariance.Buffer, Eps, rstd.Buffer);
        }

        return Forward(shape, x, small, gamma, beta, mean, rstd, weight, activation, constantStatistics: !training, next);
    }

    private static Tensor Join(Tensor x, Tensor? small) => small is null ? x : UpsampleConcat.Apply(x, small);

    private static NormConvolutionShape? Shape(Tensor x, Tensor? small, Tensor weight, int groups, ActivationFunction activation, TensorShape whole = default)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(weight);
        return activation.Kind == ActivationKind.Elu || (small is not null && small.Shape.N != x.Shape.N)
            ? null
            : NormConvolutionShape.Of(x.Device, x.Shape, small?.Shape ?? default, weight.Shape, groups, whole);
    }

    private static (Tensor Mean, Tensor Rstd) Statistics(Tensor x, Tensor? small, NormConvolutionShape shape, Tensor gamma, Tensor beta)
    {
        ArgumentNullException.ThrowIfNull(gamma);
        ArgumentNullException.ThrowIfNull(beta);
        var channels = TensorShape.Vector(x.Shape.C + (small?.Shape.C ?? 0));
        if (gamma.Shape != channels || beta.Shape != channels)
            throw new ArgumentException($"NormConvolution: gamma and beta must have one value per channel, {channels}, got {gamma.Shape} and {beta.Shape}.");
        var statistics = TensorShape.Vector(shape.Statistics);
        return (Tensor.Empty(x.Device, statistics, nameof(NormConvolution)), Tensor.Empty(x.Device, statistics, nameof(NormConvolution)));
    }

    private static (Tensor Y, Tensor? Pooled) Forward(
        NormConvolutionShape shape, Tensor x, Tensor? small, Tensor gamma, Tensor beta, Tensor mean, Tensor rstd, Tensor weight,
        ActivationFunction activation, bool constantStatistics, NextOperations next)
    {
        var device = x.Device;
        var needed = Gradients.Needed(x, small, gamma, beta, weight);
        var pool = next.Window is { } window ? PoolingShape.Of(nameof(MaxPool), shape.Output, window) : default;
        var pools = next.Window is not null && shape.Pools(pool);
        var y = Tensor.Empty(device, shape.Output, nameof(NormConvolution));
        var pooled = pools ? Tensor.Empty(device, pool.Output, nameof(MaxPool)) : null;
        using var places = new MaxPool.Places(device, pool, pools && needed);
        if (next.Norm)
        {
            y.Moments = device.Allocate<double>(2L * y.Shape.N * y.Shape.C, nameof(NormConvolution));
            pooled?.Moments = device.Allocate<double>(2L * y.Shape.N * y.Shape.C, nameof(NormConvolution));
        }

        var norm = new NormBuffers(gamma.Buffer, beta.Buffer, mean.Buffer, rstd.Buffer);
        Primitives.NormConvolution.Forward(shape, x.Buffer, small?.Buffer ?? default, norm, weight.Buffer,
            new NormConvolutionResults(y.Buffer, y.Moments, pool, pooled?.Buffer ?? default, places.Buffer, pooled?.Moments ?? default), activation);
        if (needed)
            Gradients.Record(y, new Node(shape, x, small, gamma, beta, mean, rstd, weight, y, activation, constantStatistics));
        return pooled is null ? next.Pool(y) : (y, MaxPool.Record(pooled, y, pool, places));
    }

    private sealed class Node : GradientNode
    {
        private readonly NormConvolutionShape _shape;
        private readonly Tensor _x;
        private readonly Tensor? _small;
        private readonly Tensor _gamma;
        private readonly Tensor _beta;
        private readonly Tensor _mean;
        private readonly Tensor _rstd;
        private readonly Tensor _weight;
        private readonly Tensor _y;
        private readonly ActivationFunction _activation;
        private readonly bool _constantStatistics;

        public Node(
            NormConvolutionShape shape, Tensor x, Tensor? small, Tensor gamma, Tensor beta, Tensor mean, Tensor rstd, Tensor weight, Tensor y,
            ActivationFunction activation, bool constantStatistics)
            : base(x, small, gamma, beta, weight)
        {
            _shape = shape;
            _x = Save(x);
            _small = small is null ? null : Save(small);
            _gamma = Save(gamma);
            _beta = Save(beta);
            _mean = Save(mean);
            _rstd = Save(rstd);
            _weight = Save(weight);
            _y = Save(y);
            _activation = activation;
            _constantStatistics = constantStatistics;
        }

        protected internal override void Backward(Tensor gradient, Span<Tensor?> inputGradients)
        {
            if (Gradients.Needed(gradient, _x, _small, _gamma, _beta, _weight))
                throw new NotSupportedException("NormConvolution: the gradient of a gradient is not available.");
            for (var i = 0; i < inputGradients.Length; i++)
            {
                if (Needs(i))
                    inputGradients[i] = Tensor.Empty(_x.Device, Inputs[i]!.Shape, nameof(NormConvolution));
            }

            Primitives.NormConvolution.Backward(_shape, gradient.Buffer, _y.Buffer, _x.Buffer, _small?.Buffer ?? default,
                new NormBuffers(_gamma.Buffer, _beta.Buffer, _mean.Buffer, _rstd.Buffer), _weight.Buffer, _activation, _constantStatistics,
                new NormConvolutionGradients(Buffer(inputGradients[0]), Buffer(inputGradients[1]), Buffer(inputGradients[2]), Buffer(inputGradients[3]),
                    Buffer(inputGradients[4])));
        }

        private static DeviceBuffer<float> Buffer(Tensor? tensor) => tensor?.Buffer ?? default;
    }
}
