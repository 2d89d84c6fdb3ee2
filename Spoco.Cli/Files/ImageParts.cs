using System.Numerics;
using Spoco.Engine;
using Spoco.Engine.Segmentation;

namespace Spoco.Cli.Files;

/// <summary>
/// An image of which normalised boxes are read: HDF5 from the file, PNG and TIFF from memory, where their samples stay in the file's type. The values are those
/// of <see cref="Normalisation"/>, measured over the whole image.
/// </summary>
internal sealed class ImageParts : IVolumeReader<float>, IDisposable
{
    private const long BlockValues = 1 << 22;

    private readonly IVolumeReader<float> _stored;
    private readonly ImageScaling _scaling;

    private ImageParts(IVolumeReader<float> stored, VoxelSize? voxelSize, NormalisationOptions normalisation, string path)
    {
        (_stored, VoxelSize) = (stored, voxelSize);
        _scaling = ImageScaling.Of(normalisation, Channels, Blocks, path);
    }

    public int Depth => _stored.Depth;

    public int Height => _stored.Height;

    public int Width => _stored.Width;

    public int Channels => _stored.Channels;

    public VoxelSize? VoxelSize { get; }

    /// <summary>Bytes of memory that the image itself takes while it is open.</summary>
    public static long Bytes(string path, ImageHeader header) =>
        InputFile.RequireKind(path) == FileKind.Hdf5 ? 0 : header.Voxels * header.Channels * header.SampleBytes;

    /// <summary>Opens an image and measures what normalises it.</summary>
    /// <param name="path">The file.</param>
    /// <param name="header">What it says of itself.</param>
    /// <param name="rawName">The dataset, in HDF5.</param>
    /// <param name="normalisation">That of the model.</param>
    /// <param name="cancellation">Stops between reads.</param>
    /// <exception cref="InputException">The file is damaged, or a value is not finite.</exception>
    public static ImageParts Open(
        string path, ImageHeader header, string rawName, NormalisationOptions normalisation, CancellationToken cancellation)
    {
        if (InputFile.RequireKind(path) == FileKind.Hdf5)
        {
            var file = new Hdf5FloatReader(path, rawName, channelsFirst: false, cancellation);
            return new ImageParts(file, file.VoxelSize, normalisation, path);
        }

        return header.SampleBytes switch
        {
            1 => Of(InputFile.ReadSamples<byte>(path), normalisation, path),
            2 => Of(InputFile.ReadSamples<ushort>(path), normalisation, path),
            _ => Of(InputFile.ReadSamples<float>(path), normalisation, path),
        };
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
