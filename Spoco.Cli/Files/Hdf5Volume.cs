using Spoco.Cli.Files.Hdf5;
using Spoco.Engine;

namespace Spoco.Cli.Files;

/// <summary>
/// A dataset of an open HDF5 file, of which boxes are read: what a box costs depends on the chunks it touches, not on the size of the dataset, which
/// may be beyond what memory or one array holds. Not safe under several threads.
/// </summary>
internal sealed class Hdf5Volume : IDisposable
{
    private readonly string _path;
    private readonly string _name;
    private readonly Hdf5Reader _file;
    private readonly Hdf5Dataset _dataset;

    private Hdf5Volume(string path, string name, Hdf5Reader file, bool anyChannels)
    {
        (_path, _name, _file, _dataset) = (path, name, file, file.Require(name));
        if (!anyChannels)
            Hdf5Axes.RequireWide(path, name, _dataset);
        (Whole, Channels) = Decoder<float>(ignored: null).Describe();
        VoxelSize = Hdf5File.ReadVoxelSize(_dataset);
        Shape = _dataset.Extents;
        Type = _dataset.Sample;
    }

    /// <summary>The box of all voxels.</summary>
    public VoxelBox Whole { get; }

    public int Channels { get; }

    public VoxelSize? VoxelSize { get; }

    /// <summary>The extents as the file states them, whatever they are taken for.</summary>
    public IReadOnlyList<ulong> Shape { get; }

    /// <summary>How a value is stored.</summary>
    public SampleType Type { get; }

    /// <summary>Opens a dataset; reads its header only.</summary>
    /// <param name="path">The file.</param>
    /// <param name="name">The dataset.</param>
    /// <param name="anyChannels">Whether the caller checks by itself which axis the channels are.</param>
    /// <exception cref="InputException">The file is damaged or has no such dataset.</exception>
    public static Hdf5Volume Open(string path, string name, bool anyChannels = false)
    {
        Hdf5Reader? file = null;
        try
        {
            return Hdf5File.Guard(path, () => new Hdf5Volume(path, name, file = new Hdf5Reader(path), anyChannels));
        }
        catch
        {
            file?.Dispose();
            throw;
        }
    }

    /// <summary>Reads a box of an image (<see cref="float"/>) or of labels (<see cref="int"/>).</summary>
    /// <param name="box">Lies within <see cref="Whole"/>.</param>
    /// <param name="ignored">The one negative label that is allowed.</param>
    public Volume<T> Read<T>(VoxelBox box, int? ignored = null) where T : unmanaged =>
        Hdf5File.Guard(_path, () => Decoder<T>(ignored).Decode(box));

    /// <summary>Reads a box of an image into memory of the caller's, [D, H, W, C].</summary>
    public unsafe void Read(VoxelBox box, Span<float> values, CancellationToken cancellation)
    {
        fixed (float* target = values)
        {
            var (start, length) = ((nint)target, values.Length);
            Hdf5File.Guard(_path, () =>
            {
                Decoder<float>(ignored: null).Decode(box, new Span<float>((float*)start, length), cancellation);
                return true;
            });
        }
    }

    public void Dispose() => _file.Dispose();

    private Hdf5Decoder<T> Decoder<T>(int? ignored) where T : unmanaged => new(_path, _name, _dataset, ignored);
}
