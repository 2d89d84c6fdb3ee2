using Spoco.Bench.Runs;
using Spoco.Engine.Segmentation;
using Spoco.Kernels;

namespace Spoco.Bench;

/// <summary>Embeddings of an image on a device, and the Mutex Watershed of them.</summary>
internal sealed class MutexWatershedCalls : ITimedCalls
{
    private readonly MutexWatershedBench.Image _image;
    private readonly DeviceBuffer<float> _embeddings;
    private readonly DeviceBuffer<int> _labels;
    private readonly Holdings _holdings;

    public MutexWatershedCalls(ComputeDevice device, MutexWatershedBench.Image image)
    {
        using var holdings = new Holdings();
        _image = image;
        _embeddings = holdings.Upload<float>(device, NoisyCells.Draw(image.Depth, image.Height, image.Width, image.Pitch).Data, nameof(MutexWatershedCalls));
        _labels = holdings.Allocate<int>(device, (long)image.Depth * image.Height * image.Width, nameof(MutexWatershedCalls));
        _holdings = holdings.Share();
    }

    public IEnumerable<TimedCall> Calls => [new("embeddings and labels on the device", default, Segment)];

    public void Segment() => MutexWatershed.FromEmbeddings(_embeddings, _image.Depth, _image.Height, _image.Width, _labels);

    public void Dispose() => _holdings.Dispose();
}
