using System.Globalization;
using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;

namespace Spoco.Bench;

/// <summary>Work per mean time of a benchmark whose parameters hold an <see cref="IWorkload"/>; giga per second is one per nanosecond.</summary>
/// <param name="name">Heading.</param>
/// <param name="legend">What it means.</param>
/// <param name="amount">The part of the work that is counted.</param>
/// <param name="ofHost">Whether it says something of the <c>cpu</c> device alone: other devices have no value.</param>
public sealed class RateColumn(string name, string legend, Func<Work, double> amount, bool ofHost = false) : IColumn
{
    /// <inheritdoc/>
    public string Id => $"{nameof(RateColumn)}.{name}";

    /// <inheritdoc/>
    public string ColumnName => name;

    /// <inheritdoc/>
    public string Legend => legend;

    /// <inheritdoc/>
    public bool AlwaysShow => true;

    /// <inheritdoc/>
    public ColumnCategory Category => ColumnCategory.Custom;

    /// <inheritdoc/>
    public int PriorityInCategory => 0;

    /// <inheritdoc/>
    public bool IsNumeric => true;

    /// <inheritdoc/>
    public UnitType UnitType => UnitType.Dimensionless;

    /// <inheritdoc/>
    public bool IsAvailable(Summary summary) => summary.BenchmarksCases.Any(benchmark => WorkOf(benchmark) is not null);

    /// <inheritdoc/>
    public bool IsDefault(Summary summary, BenchmarkCase benchmarkCase) => false;

    /// <inheritdoc/>
    public string GetValue(Summary summary, BenchmarkCase benchmarkCase) => GetValue(summary, benchmarkCase, SummaryStyle.Default);

    /// <inheritdoc/>
    public string GetValue(Summary summary, BenchmarkCase benchmarkCase, SummaryStyle style) =>
        WorkOf(benchmarkCase) is { } work && summary[benchmarkCase]?.ResultStatistics is { } time && (!ofHost || IsOfHost(benchmarkCase))
            ? (amount(work) / time.Mean).ToString("F2", CultureInfo.InvariantCulture)
            : "-";

    private static bool IsOfHost(BenchmarkCase benchmark) =>
        benchmark.Parameters.Items.FirstOrDefault(parameter => parameter.Name == BenchDevices.Parameter)?.Value is null or "cpu";

    private static Work? WorkOf(BenchmarkCase benchmark) =>
        benchmark.Parameters.Items.Select(parameter => parameter.Value).OfType<IWorkload>().FirstOrDefault()
            ?.Of(benchmark.Descriptor.WorkloadMethod.Name);
}
