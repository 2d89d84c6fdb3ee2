using NUnit.Framework;
using Spoco.Cli.Files;
using Spoco.Engine;

namespace Spoco.Tests.Files;

/// <summary>
/// Reads damaged copies of a sound file. Each must be read or refused with one line that names the file; never another exception, an
/// endless loop, or an allocation out of proportion.
/// </summary>
internal static class DamagedFiles
{
    private const long Proportionate = 256L << 20;

    /// <summary>Every proper prefix must be refused.</summary>
    public static void RefusesEveryTruncation(byte[] sound, string name)
    {
        using var folder = new TemporaryFolder();
        for (var length = 0; length < sound.Length; length++)
            Assert.That(Refuses(folder.Write(name, sound.AsSpan(0, length)), $"the first {length} of {sound.Length} bytes", read: null), Is.True,
                $"{name}: the first {length} of {sound.Length} bytes were read as a whole file");
    }

    /// <summary>Copies with one to four random bytes; returns how many were refused.</summary>
    public static int SurvivesFlips(
        byte[] sound, string name, int cases, int seed, Action<byte[]>? repair = null, Action<string>? read = null)
    {
        using var folder = new TemporaryFolder();
        var random = new Random(seed);
        var refused = 0;
        for (var i = 0; i < cases; i++)
        {
            var bytes = (byte[])sound.Clone();
            for (var flips = random.Next(1, 5); flips > 0 || bytes.AsSpan().SequenceEqual(sound); flips--)
                bytes[random.Next(bytes.Length)] = random.Next(3) switch { 0 => 0xFF, 1 => (byte)random.Next(256), _ => (byte)random.Next(4) };
            repair?.Invoke(bytes);
            if (Refuses(folder.Write(name, bytes), $"case {i} of seed {seed}", read))
                refused++;
        }
        return refused;
    }

    private static bool Refuses(string path, string what, Action<string>? read)
    {
        var reading = Task.Run(() =>
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            var refused = read is not null ? Try(() => read(path), path, what)
                : Try(() => InputFile.ReadImage(path), path, what) & Try(() => InputFile.ReadLabels(path), path, what);
            if (read is null && InputFile.KindOf(path) == FileKind.Tiff)
                refused &= Try(() => TiffBoxes.ReadWhole(path), path, what);
            Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(Proportionate), $"{path}, {what}: allocated too much");
            return refused;
        });
        if (!reading.Wait(TimeSpan.FromMinutes(1)))
            Assert.Fail($"{path}, {what}: still reading after a minute");
        return reading.Result;
    }

    private static bool Try(Action read, string path, string what)
    {
        try
        {
            read();
            return false;
        }
        catch (InputException e)
        {
            Assert.That(e.Message, Does.StartWith(path).And.Not.Contains("\n"), what);
            return true;
        }
        catch (Exception e) when (e is not AssertionException)
        {
            throw new AssertionException($"{path}, {what}: {e}");
        }
    }
}
