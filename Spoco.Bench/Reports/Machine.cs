namespace Spoco.Bench.Reports;

/// <summary>What tells one machine from another, beside what devices say of themselves.</summary>
internal static class Machine
{
    /// <summary>The processor's model, as the system calls it; empty where it does not tell.</summary>
    public static string Processor
    {
        get
        {
            try
            {
                const string Key = "model name";
                return OperatingSystem.IsLinux()
                    ? File.ReadLines("/proc/cpuinfo").FirstOrDefault(l => l.StartsWith(Key, StringComparison.Ordinal))?.Split(':', 2)[^1].Trim() ?? ""
                    : Environment.GetEnvironmentVariable("PROCESSOR_IDENTIFIER") ?? "";
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                return "";
            }
        }
    }
}
