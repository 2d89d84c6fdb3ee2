using Spoco.Engine.Data;
using Spoco.Engine.Losses;
using Spoco.Kernels;
using Primitives = Spoco.Kernels.Primitives;

namespace Spoco.Engine.Training;

/// <summary>
/// What a step takes of a batch, on the device: copied while the device is still at the step before. Made once and filled again.
/// </summary>
internal sealed class StagedBatch : IDisposable
{
    private readonly ComputeDevice _device;
    private readonly SideBuffer _viewF;
    private readonly SideBuffer _viewG;
    private readonly Holdings _holdings;
    private LabelBatch? _labels;

    /// <summary>Takes memory for batches of a shape.</summary>
    /// <exception cref="DeviceMemoryException">The device has no memory left.</exception>
    public StagedBatch(ComputeDevice device, TensorShape shape)
    {
        (_device, Shape) = (device, shape);
        using var holdings = new Holdings();
        _viewF = holdings.Add(new SideBuffer(device, shape.Count, nameof(TrainingBatch)));
        _viewG = holdings.Add(new SideBuffer(device, shape.Count, nameof(TrainingBatch)));
        _holdings = holdings.Share();
    }

    /// <summary>[N, D, H, W, image channels].</summary>
    public TensorShape Shape { get; }

    /// <summary>The labels, on the device, too.</summary>
    public LabelBatch Labels => _labels ?? throw new InvalidOperationException("StagedBatch: there is no batch.");

    /// <summary>Takes a batch, which may be filled again at once. The step that took the one before has been waited for.</summary>
    /// <exception cref="ArgumentException">The batch holds a value that is infinite or not a number.</exception>
    public void Fill(TrainingBatch batch, SpocoLossOptions loss)
    {
        RequireNumbers(batch);
        Clear();
        _viewF.Begin(batch.ViewF);
        _viewG.Begin(batch.ViewG);
        _labels = batch.TakeLabels();
        try
        {
            _labels.Stage(_device, loss);
        }
        catch
        {
            Clear();
            throw;
        }
    }

    /// <summary>What f sees; waits until it has arrived.</summary>
    public Tensor TakeViewF() => Take(_viewF);

    /// <summary>What g sees.</summary>
    public Tensor TakeViewG() => Take(_viewG);

    /// <summary>Returns the labels.</summary>
    public void Clear()
    {
        _labels?.Dispose();
        _labels = null;
    }

    /// <summary>Returns all memory.</summary>
    public void Dispose()
    {
        Clear();
        _holdings.Dispose();
    }

    /// <exception cref="ArgumentException">The batch holds a value that is infinite or not a number.</exception>
    internal static void RequireNumbers(TrainingBatch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        if (Primitives.FiniteNumbers.IndexOfOther(batch.ViewF) >= 0 || Primitives.FiniteNumbers.IndexOfOther(batch.ViewG) >= 0)
            throw new ArgumentException("SpocoTrainer: the batch holds values that are infinite or not a number.");
    }

    private Tensor Take(SideBuffer view)
    {
        view.Complete();
        return Tensor.Wrap(view.Buffer, Shape);
    }
}
