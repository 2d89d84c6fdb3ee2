using NUnit.Framework;

namespace Spoco.Tests;

/// <summary>Real images which are not part of the repository: <c>SPOCO_DATA</c>, or <c>shared/data</c> beside any parent folder.</summary>
internal static class SharedData
{
    private static readonly string? Root = Find();

    /// <summary>The path of a file or folder of the shared data; the calling test is skipped where it is absent.</summary>
    public static string Path(params string[] parts)
    {
        if (Root is null)
            Assert.Ignore("No shared/data folder found above the tests and SPOCO_DATA is not set.");
        var path = System.IO.Path.Combine([Root!, .. parts]);
        if (!File.Exists(path) && !Directory.Exists(path))
            Assert.Ignore($"The shared data has no {string.Join('/', parts)}.");
        return path;
    }

    private static string? Find()
    {
        if (Environment.GetEnvironmentVariable("SPOCO_DATA") is { Length: > 0 } stated)
            return Directory.Exists(stated) ? stated : null;
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (Directory.Exists(System.IO.Path.Combine(folder.FullName, "shared", "data")))
                return System.IO.Path.Combine(folder.FullName, "shared", "data");
        return null;
    }
}
