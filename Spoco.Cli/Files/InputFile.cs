using Spoco.Engine;
using Spoco.Engine.Data;

namespace Spoco.Cli.Files;

/// <summary>The file formats, told apart by extension.</summary>
internal enum FileKind
{
    Png, Tiff, Hdf5,
}

/// <summary>Reads images and labels of every format. What is wrong with a file is an <see cref="InputException"/> with its path.</summary>
internal static class InputFile
{
    /// <summary>The format an extension stands for; null for others.</summary>
    public static FileKind? KindOf(string path) => Path.GetExtension(path).ToUpperInvariant() switch
    {
        ".PNG" => FileKind.Png,
        ".TIF" or ".TIFF" => FileKind.Tiff,
        ".H5" or ".HDF5" or ".HDF" => FileKind.Hdf5,
        _ => null,
    };

    /// <summary>The format an extension stands for.</summary>
    public static FileKind RequireKind(string path) =>
        KindOf(path) ?? throw new InputException($"{path}: unknown kind of file; .png, .tif, .tiff, .h5 and .hdf5 are known.");

    /// <summary>Reads an image: the channels as stored without alpha, values not rescaled.</summary>
    /// <param name="path">The file.</param>
    /// <param name="rawName">The dataset's name; used for HDF5 only.</param>
    public static Volume<float> ReadImage(string path, string rawName = "raw") => Read<float>(path, rawName);

    /// <summary>Reads a PNG in the type of its samples, see <see cref="ImageHeader"/>: <see cref="byte"/> or <see cref="ushort"/>.</summary>
    public static Volume<T> ReadSamples<T>(string path) where T : unmanaged => Read<T>(path, "");

    /// <summary>Reads an image and brings it to the channels a model takes, see <see cref="ImageReading.WithChannels"/>.</summary>
    public static Volume<float> ReadImage(string path, string rawName, int channels) => ImageReading.WithChannels(ReadImage(path, rawName), channels, path);

    /// <summary>Reads labels: one channel of whole numbers from 0.</summary>
    /// <param name="path">The file.</param>
    /// <param name="labelName">The dataset's name; used for HDF5 only.</param>
    /// <param name="ignored">The one negative label that is allowed: voxels that a training is to ignore.</param>
    public static Volume<int> ReadLabels(string path, string labelName = "label", int? ignored = null) => Read<int>(path, labelName, ignored);

    /// <summary>A message's first line, for messages that become part of ours.</summary>
    internal static string FirstLine(string message)
    {
        var end = message.AsSpan().IndexOfAny('\r', '\n');
        return (end < 0 ? message : message[..end]).Trim();
    }

    private static Volume<T> Read<T>(string path, string dataset, int? ignored = null) where T : unmanaged
    {
        try
        {
            return RequireKind(path) switch
            {
                FileKind.Png => PngFile.Read<T>(path),
                FileKind.Tiff => TiffFile.Read<T>(path, ignored),
                _ => Hdf5File.Read<T>(path, dataset, ignored),
            };
        }
        catch (OutOfMemoryException e)
        {
            throw new InputException($"{path}: does not fit into memory.", e);
        }
        catch (Exception e) when (e is not (InputException or OperationCanceledException))
        {
            // What a library or a decoder makes of a file that nobody thought of; its words are for --verbose.
            throw new InputException($"{path}: cannot be read ({ReadFailure.Of(e)}).", e);
        }
    }
}
