using System.Text;
using Spoco.Engine;

namespace Spoco.Cli.Files;

/// <summary>What a file is that is not what its name says: told by its first bytes.</summary>
internal static class FileSignature
{
    private const int Longest = 512;

    private static readonly (byte[] Start, string What)[] Known =
    [
        ([0x89, (byte)'P', (byte)'N', (byte)'G'], "a PNG; give it the extension .png"),
        ([(byte)'I', (byte)'I', 42, 0], "a TIFF; give it the extension .tif"),
        ([(byte)'M', (byte)'M', 0, 42], "a TIFF; give it the extension .tif"),
        ([(byte)'I', (byte)'I', 43, 0], "a TIFF; give it the extension .tif"),
        ([0x89, (byte)'H', (byte)'D', (byte)'F'], "an HDF5 file; give it the extension .h5"),
        ([0xFF, 0xD8, 0xFF], "a JPEG; save it as PNG or TIFF"),
        ([(byte)'B', (byte)'M'], "a BMP; save it as PNG or TIFF"),
        ([(byte)'G', (byte)'I', (byte)'F', (byte)'8'], "a GIF; save it as PNG or TIFF"),
        ([(byte)'R', (byte)'I', (byte)'F', (byte)'F'], "a WebP; save it as PNG or TIFF"),
        ([(byte)'P', (byte)'K', 3, 4], "a ZIP archive, as the .pt files of PyTorch are too"),
        ([0x1F, 0x8B], "packed with gzip; unpack it"),
        ([0x00, 0x05, 0x16, 0x07], "what macOS notes about another file (AppleDouble)"),
        (Encoding.ASCII.GetBytes("version https://git-lfs"), "a pointer of Git LFS; \"git lfs pull\" fetches the file itself"),
    ];

    /// <summary>The error of a file that is of another format than its name says.</summary>
    /// <param name="path">The file.</param>
    /// <param name="format">The format, such as "a PNG file".</param>
    public static InputException Not(string path, string format) => new($"{path}: not {format}{(Of(path) is { } what ? $": it is {what}" : "")}.");

    /// <summary>What a file is, as a part of a sentence; null where its first bytes say nothing.</summary>
    public static string? Of(string path)
    {
        using var stream = FileContents.Open(path);
        var bytes = new byte[Longest];
        var start = bytes.AsSpan(0, stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false));
        if (start.IsEmpty)
            return "empty";
        foreach (var (known, what) in Known)
        {
            if (start.StartsWith(known))
                return what;
        }

        var text = Encoding.Latin1.GetString(start).TrimStart();
        return text.StartsWith("<!doctype html", StringComparison.OrdinalIgnoreCase) || text.StartsWith("<html", StringComparison.OrdinalIgnoreCase)
            ? "a web page, which servers send when they do not send a file" : null;
    }
}
