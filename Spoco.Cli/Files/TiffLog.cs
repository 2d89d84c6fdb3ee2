using System.Globalization;
using BitMiracle.LibTiff.Classic;

namespace Spoco.Cli.Files;

/// <summary>Keeps LibTiff's messages off the console; the first error of the call in progress is held for the exception.</summary>
internal sealed class TiffLog : TiffErrorHandler
{
    [ThreadStatic]
    private static string? _first;

    [ThreadStatic]
    private static bool _warned;

    static TiffLog() => Tiff.SetErrorHandler(new TiffLog());

    private TiffLog()
    {
    }

    /// <summary>The first error since <see cref="Listen"/> began.</summary>
    public static string Message => _first ?? "no reason given";

    /// <summary>Whether there was an error since <see cref="Listen"/> began.</summary>
    public static bool Failed => _first is not null;

    /// <summary>Whether there was a warning since <see cref="Listen"/> began.</summary>
    public static bool Warned => _warned;

    /// <summary>Runs a LibTiff call with no error pending.</summary>
    public static TResult Listen<TResult>(Func<TResult> call)
    {
        (_first, _warned) = (null, false);
        return call();
    }

    public override void ErrorHandler(Tiff tif, string method, string format, params object[] args) =>
        _first ??= InputFile.FirstLine(string.Format(CultureInfo.InvariantCulture, format, args)).TrimEnd('.');

    public override void ErrorHandlerExt(Tiff tif, object clientData, string method, string format, params object[] args)
    {
    }

    public override void WarningHandler(Tiff tif, string method, string format, params object[] args) => _warned = true;

    public override void WarningHandlerExt(Tiff tif, object clientData, string method, string format, params object[] args)
    {
    }
}
