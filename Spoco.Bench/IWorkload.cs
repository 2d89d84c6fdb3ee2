namespace Spoco.Bench;

/// <summary>What one call of a benchmark has to do at least, however it does it.</summary>
/// <param name="Flops">Floating-point operations; a multiply-add counts as two.</param>
/// <param name="Bytes">Bytes read and written when every input is read once and every output written once.</param>
public readonly record struct Work(double Flops, double Bytes);

/// <summary>
/// A named problem size: the value of a benchmark's <c>[ParamsSource]</c>. From it come the columns GFLOP/s and GB/s.
/// Its <c>ToString</c> is its name in the table.
/// </summary>
public interface IWorkload
{
    /// <summary>The work of one call.</summary>
    /// <param name="benchmark">Name of the benchmark method, for workloads that several methods share.</param>
    Work Of(string benchmark);
}
