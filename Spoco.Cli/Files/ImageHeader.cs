using System.Buffers.Binary;
using Spoco.Engine;

namespace Spoco.Cli.Files;

/// <summary>How large an image is, before it is decoded.</summary>
/// <param name="Depth">Slices.</param>
/// <param name="Height">Rows.</param>
/// <param name="Width">Columns.</param>
/// <param name="Channels">Values per voxel, opacity included.</param>
/// <param name="SampleBytes">Bytes that a value takes where all of the image is in memory: 1 or 2 for PNG, else 4.</param>
internal readonly record struct ImageHeader(long Depth, int Height, int Width, int Channels, int SampleBytes)
{
    /// <summary>Voxels of the image.</summary>
    public long Voxels => Depth * Height * Width;

    /// <summary>Reads the header of a file.</summary>
    /// <exception cref="InputException">The file is damaged, or holds no such dataset.</exception>
    public static ImageHeader Read(string path, string rawName)
    {
        switch (InputFile.RequireKind(path))
        {
            case FileKind.Hdf5:
                using (var file = Hdf5Volume.Open(path, rawName))
                    return new ImageHeader(file.Whole.Depth, file.Whole.Height, file.Whole.Width, file.Channels, sizeof(float));
            case FileKind.Png:
                return ReadPng(path);
            default:
                return TiffFile.Describe(path);
        }
    }

    private static ImageHeader ReadPng(string path)
    {
        // After the signature, the length and the name of the first chunk: width, height, bits of a sample.
        const int Width = 16, Height = 20, Bits = 24;
        using var stream = FileContents.Open(path);
        var head = new byte[Bits + 1];
        if (stream.ReadAtLeast(head, head.Length, throwOnEndOfStream: false) < head.Length)
            throw FileSignature.Not(path, "a PNG file");
        return new ImageHeader(1, (int)(BinaryPrimitives.ReadUInt32BigEndian(head.AsSpan(Height)) & int.MaxValue),
            (int)(BinaryPrimitives.ReadUInt32BigEndian(head.AsSpan(Width)) & int.MaxValue), PngFile.Channels(path), head[Bits] == 16 ? 2 : 1);
    }
}
