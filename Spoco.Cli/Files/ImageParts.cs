using System.Numerics;
using Spoco.Engine;
using Spoco.Engine.Segmentation;

namespace Spoco.Cli.Files;

/// <summary>
/// An image of which normalised boxes are read: HDF5 and TIFF from the file, PNG from memory, where its samples stay in the file's type. The values
/// are those of <see cref="Normalisation"/>, measured over the whole image.
/// </summary>
internal sealed class ImageParts : IVolumeReader<float>, IDisposable
{
    private const long BlockValues = 1 << 22;

    private readonly IVolumeReader<float> _stored;
    private readonly ImageScaling _scaling;

    private ImageParts(IVolumeReader<float> stored, VoxelSize? voxelSize, NormalisationOptions normalisation, string path)
    {
        (_stored, VoxelSize) = (stored, voxelSize);
        try
        {
            _scaling = ImageScaling.Of(normalisation, Channels, Blocks, path);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public int Depth => _stored.Depth;

    public int Height => _stored.Height;

    public int Width => _stored.Width;

    public int Channels => _stored.Channels;

    public VoxelSize? VoxelSize { get; }

    /// <summary>Bytes of memory that the image takes while it is open, the boxes that are read apart.</summary>
    /// <param name="path">The file.</param>
    /// <param name="header">What it says of itself.</param>
    /// <param name="memory">Bytes for the image and what is to be computed of it.</param>
    /// <exception cref="InputException">The file is damaged, or a TIFF's strips or tiles are too large for the memory.</exception>
    public static long Bytes(string path, ImageHeader header, long memory)
    {
        switch (InputFile.RequireKind(path))
        {
            case FileKind.Hdf5: return 0;
            case FileKind.Png: return header.Voxels * header.Channels * header.SampleBytes;
            default:
                using (var tiff = new TiffVolume(path, memory, CancellationToken.None))
                    return tiff.Bytes;
        }
    }

    /// <summary>Opens an image and measures what normalises it.</summary>
    /// <param name="path">The file.</param>
    /// <param name="header">What it says of itself.</param>
    /// <param name="rawName">The dataset, in HDF5.</param>
    /// <param name="memory">Bytes for the image and what is to be computed of it.</param>
    /// <param name="normalisation">That of the model.</param>
    /// <param name="cancellation">Stops between reads.</param>
    /// <exception cref="InputException">The file is damaged, or a value is not finite.</exception>
    public static ImageParts Open(
        string path, ImageHeader header, string rawName, long memory, NormalisationOptions normalisation, CancellationToken cancellation)
    {
        switch (InputFile.RequireKind(path))
        {
            case FileKind.Hdf5:
                var file = new Hdf5FloatReader(path, rawName, channelsFirst: false, cancellation);
                return new ImageParts(file, file.VoxelSize, normalisation, path);
            case FileKind.Tiff:
                var tiff = new TiffVolume(path, memory, cancellation);
                return new ImageParts(tiff, tiff.VoxelSize, normalisation, path);
            default:
                return header.SampleBytes == 1
                    ? Of(InputFile.ReadSamples<byte>(path), normalisation, path) : Of(InputFile.ReadSamples<ushort>(path), normalisation, path);
        }
    }

    public void Read(VoxelBox box, Span<float> values)
    {
        _stored.Read(box, values);
        _scaling.Apply(values, values);
    }

    public void Dispose() => (_stored as IDisposable)?.Dispose();

    private static ImageParts Of<T>(Volume<T> volume, NormalisationOptions normalisation, string path) where T : unmanaged, INumberBase<T> =>
        new(new SampleReader<T>(volume), volume.VoxelSize, normalisation, path);

    /// <summary>All values in their order, some rows at a time; the array is the same wherever its length is.</summary>
    private IEnumerable<float[]> Blocks()
    {
        var block = Array.Empty<float>();
        var rows = (int)Math.Clamp(BlockValues / ((long)Width * Channels), 1, Height);
        for (var z = 0; z < Depth; z++)
            for (var y = 0; y < Height; y += rows)
            {
                var length = Math.Min(rows, Height - y) * Width * Channels;
                block = block.Length == length ? block : new float[length];
                _stored.Read(new VoxelBox(z, y, 0, 1, Math.Min(rows, Height - y), Width), block);
                yield return block;
            }
    }

    /// <summary>Samples of any type as numbers.</summary>
    private sealed class SampleReader<T>(Volume<T> volume) : IVolumeReader<float> where T : unmanaged, INumberBase<T>
    {
        public int Depth => volume.Depth;

        public int Height => volume.Height;

        public int Width => volume.Width;

        public int Channels => volume.Channels;

        public void Read(VoxelBox box, Span<float> values)
        {
            var length = box.Width * volume.Channels;
            for (var row = 0; row < box.Depth * box.Height; row++)
            {
                var (z, y) = (box.Z + row / box.Height, box.Y + row % box.Height);
                var source = volume.Data.AsSpan(((z * volume.Height + y) * volume.Width + box.X) * volume.Channels, length);
                var target = values.Slice(row * length, length);
                for (var i = 0; i < length; i++)
                    target[i] = float.CreateTruncating(source[i]);
            }
        }
    }
}
