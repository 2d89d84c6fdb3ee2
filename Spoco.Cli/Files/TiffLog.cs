using BitMiracle.LibTiff.Classic;

namespace Spoco.Cli.Files;

/// <summary>Keeps LibTiff's messages off the console; whether the call in progress had any is known.</summary>
internal sealed class TiffLog : TiffErrorHandler
{
    [ThreadStatic]
    private static bool _failed;

    [ThreadStatic]
    private static bool _warned;

    static TiffLog() => Tiff.SetErrorHandler(new TiffLog());

    private TiffLog()
    {
    }

    /// <summary>Whether there was an error since <see cref="Listen"/> began.</summary>
    public static bool Failed => _failed;

    /// <summary>Whether there was a warning since <see cref="Listen"/> began.</summary>
    public static bool Warned => _warned;

    /// <summary>Runs a LibTiff call with no error pending.</summary>
    public static TResult Listen<TResult>(Func<TResult> call)
    {
        (_failed, _warned) = (false, false);
        return call();
    }

    public override void ErrorHandler(Tiff tif, string method, string format, params object[] args) => _failed = true;

    public override void ErrorHandlerExt(Tiff tif, object clientData, string method, string format, params object[] args)
    {
    }

    public override void WarningHandler(Tiff tif, string method, string format, params object[] args) => _warned = true;

    public override void WarningHandlerExt(Tiff tif, object clientData, string method, string format, params object[] args)
    {
    }
}
