using Spoco.Engine;
using Spoco.Engine.Segmentation;

namespace Spoco.Cli.Files;

/// <summary>
/// An image in a TIFF of which boxes are read, with the values of the image at once: what a box costs depends on the strips or tiles it touches, of
/// which those read last are kept decoded, in the type of their samples. Not safe under several threads.
/// </summary>
internal sealed class TiffVolume : IVolumeReader<float>, IDisposable
{
    private readonly FileStream _stream;
    private readonly TiffPlan _plan;
    private readonly TiffDecoder<float> _decoder;
    private readonly CancellationToken _cancellation;

    /// <summary>Opens a file and looks at every page; no pixel is decoded.</summary>
    /// <param name="path">The file.</param>
    /// <param name="memory">Bytes for the image and what is to be computed of it; a part of them goes to decoded blocks.</param>
    /// <param name="cancellation">Stops between blocks.</param>
    /// <exception cref="InputException">The file is damaged, or its blocks are too large for the memory.</exception>
    public TiffVolume(string path, long memory, CancellationToken cancellation)
    {
        _cancellation = cancellation;
        _stream = FileContents.Open(path);
        try
        {
            var reader = new TiffReader(path, _stream);
            _plan = new TiffPlan(reader, labels: false);
            var need = TiffMemory.Of(_plan, memory);
            _plan.NoteOthers();
            _decoder = new TiffDecoder<float>(_plan, new TiffBlocks(reader, need.Blocks));
            Bytes = need.Total;
        }
        catch (Exception e)
        {
            _stream.Dispose();
            if (TiffFile.Failure(path, e) is { } failure)
                throw failure;
            throw;
        }
    }

    public int Depth => _plan.Whole.Depth;

    public int Height => _plan.Whole.Height;

    public int Width => _plan.Whole.Width;

    public int Channels => _plan.Channels;

    public VoxelSize? VoxelSize => _plan.VoxelSize;

    /// <summary>The most bytes that reading takes, the values that are read apart.</summary>
    public long Bytes { get; }

    /// <summary>Reads a box.</summary>
    /// <param name="box">Lies within the image.</param>
    /// <param name="values">Receives [D, H, W, C].</param>
    /// <exception cref="InputException">The file is damaged, or a value is not finite.</exception>
    public void Read(VoxelBox box, Span<float> values)
    {
        try
        {
            _decoder.Read(box, values, _cancellation);
        }
        catch (Exception e) when (TiffFile.Failure(_plan.Path, e) is { } failure)
        {
            throw failure;
        }
    }

    public void Dispose() => _stream.Dispose();
}
