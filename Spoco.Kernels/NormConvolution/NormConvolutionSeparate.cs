namespace Spoco.Kernels.Primitives;

/// <summary>
/// The unit as its operations one by one, for shapes that no other algorithm has: the normalised tensor lives in the device's pool for the time of a pass.
/// The statistics are mean and rstd of every group.
/// </summary>
internal sealed class NormConvolutionSeparate : NormConvolutionAlgorithm
{
    /// <inheritdoc/>
    public override string Name => "separate";

    /// <inheritdoc/>
    public override bool Runs(in Capabilities device, in NormConvolutionShape shape) => true;

    /// <inheritdoc/>
    public override bool Pools(in NormConvolutionShape shape, in PoolingShape pool) => false;

    /// <inheritdoc/>
    public override long MomentsLength(ComputeDevice device, in NormConvolutionShape shape, in PoolingShape pool) => 0;

    /// <inheritdoc/>
    public override long StatisticsLength(in NormConvolutionShape shape) => 2L * shape.Statistics;

    /// <inheritdoc/>
    public override (long Temporary, long Workspace) Memory(ComputeDevice device, in NormConvolutionShape shape) =>
        (sizeof(float) * shape.Joined.Count, Convolution.Workspace(device, shape.Convolution, shape.Activation));

    /// <inheritdoc/>
    public override void Measure(
        in NormConvolutionShape shape, in NormConvolutionInputs inputs, in NormParameters norm, RunningStatistics running, DeviceBuffer<float> statistics)
    {
        using var holdings = new Holdings();
        var (mean, rstd) = Halves(shape, statistics);
        GroupNorm.Statistics(shape.Norm, norm.Eps, Join(holdings, shape, inputs), mean, rstd, running);
    }

    /// <inheritdoc/>
    public override void Know(
        in NormConvolutionShape shape, in NormParameters norm, DeviceBuffer<float> mean, DeviceBuffer<float> variance, DeviceBuffer<float> statistics)
    {
        var (means, rstd) = Halves(shape, statistics);
        mean.CopyTo(means);
        BatchNorm.ReciprocalDeviation(variance, norm.Eps, rstd);
    }

    /// <inheritdoc/>
    public override void Forward(
        in NormConvolutionShape shape, in NormConvolutionInputs inputs, in NormParameters norm, DeviceBuffer<float> statistics, DeviceBuffer<float> weight,
        in NormConvolutionResults results)
    {
        using var holdings = new Holdings();
        var joined = Join(holdings, shape, inputs);
        var normalised = shape.HasSmall ? joined : holdings.Allocate<float>(statistics.Device, shape.Joined.Count, nameof(NormConvolution));
        Normalise(shape, joined, norm, statistics, normalised);
        Convolution.Forward(shape.Convolution, normalised, weight, default, results.Y.Single, shape.Activation);
    }

    /// <inheritdoc/>
    public override void Backward(
        in NormConvolutionShape shape, ValueBuffer dy, ValueBuffer y, in NormConvolutionInputs inputs, in NormParameters norm,
        DeviceBuffer<float> statistics, DeviceBuffer<float> weight, bool constantStatistics, in NormConvolutionGradients gradients)
    {
        var device = statistics.Device;
        using var holdings = new Holdings();
        var gated = dy.Single;
        if (shape.Activation.Kind != ActivationKind.Identity)
        {
            gated = holdings.Allocate<float>(device, dy.Length, nameof(NormConvolution));
            Activation.Backward(shape.Activation, dy.Single, y.Single, gated);
        }

        var joined = Join(holdings, shape, inputs);
        var values = holdings.Allocate<float>(device, shape.Joined.Count, nameof(NormConvolution));
        if (!gradients.Weight.IsNull)
        {
            Normalise(shape, joined, norm, statistics, values);
            Convolution.BackwardWeight(shape.Convolution, values, gated, gradients.Weight);
        }

        var wanted = !gradients.Input.IsNull || !gradients.Small.IsNull;
        if (!wanted && gradients.Gamma.IsNull && gradients.Beta.IsNull)
            return;

        // What was normalised is not needed any more: its gradient takes its place, and is turned into that of the joined tensor there.
        Convolution.BackwardInput(shape.Convolution, gated, weight, values);
        var (mean, rstd) = Halves(shape, statistics);
        var dx = !wanted ? default : !shape.HasSmall ? gradients.Input.Single : values;
        GroupNorm.Backward(shape.Norm, values, joined, norm.Gamma, mean, rstd, dx, gradients.Gamma, gradients.Beta, constantStatistics);
        if (wanted && shape.HasSmall)
            UpsampleConcat.Backward(shape.Enlargement, values, gradients.Input.Single, gradients.Small.Single);
    }

    private static void Normalise(
        in NormConvolutionShape shape, DeviceBuffer<float> joined, in NormParameters norm, DeviceBuffer<float> statistics, DeviceBuffer<float> y)
    {
        var (mean, rstd) = Halves(shape, statistics);
        GroupNorm.Normalize(shape.Norm, joined, norm.Gamma, norm.Beta, mean, rstd, y);
    }

    private static DeviceBuffer<float> Join(Holdings holdings, in NormConvolutionShape shape, in NormConvolutionInputs inputs)
    {
        if (!shape.HasSmall)
            return inputs.X.Single;
        var joined = holdings.Allocate<float>(inputs.X.Device, shape.Joined.Count, nameof(NormConvolution));
        UpsampleConcat.Forward(shape.Enlargement, inputs.X.Single, inputs.Small.Single, joined);
        return joined;
    }

    private static (DeviceBuffer<float> Mean, DeviceBuffer<float> Rstd) Halves(in NormConvolutionShape shape, DeviceBuffer<float> statistics) =>
        (statistics.Slice(0, shape.Statistics), statistics.Slice(shape.Statistics, shape.Statistics));
}
