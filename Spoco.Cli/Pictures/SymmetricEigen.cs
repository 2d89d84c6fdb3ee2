namespace Spoco.Cli.Pictures;

/// <summary>Eigenvalues of small symmetric matrices by cyclic Jacobi rotations (Golub and Van Loan, "Matrix Computations", 8.5).</summary>
internal static class SymmetricEigen
{
    private const int Sweeps = 50;

    /// <summary>A = V diag(values) V^T, values descending, eigenvector k in column k.</summary>
    public static (double[] Values, double[,] Vectors) Decompose(double[,] symmetric)
    {
        var n = symmetric.GetLength(0);
        var a = (double[,])symmetric.Clone();
        var v = new double[n, n];
        for (var i = 0; i < n; i++)
            v[i, i] = 1;
        for (var sweep = 0; sweep < Sweeps && OffDiagonal(a) > 0; sweep++)
            for (var p = 0; p < n; p++)
                for (var q = p + 1; q < n; q++)
                    Rotate(a, v, p, q);

        var order = Enumerable.Range(0, n).OrderByDescending(i => a[i, i]).ToArray();
        var vectors = new double[n, n];
        for (var k = 0; k < n; k++)
            for (var i = 0; i < n; i++)
                vectors[i, k] = v[i, order[k]];
        return ([.. order.Select(i => a[i, i])], vectors);
    }

    /// <summary>Turns the plane of axes p and q so that a[p, q] becomes 0.</summary>
    private static void Rotate(double[,] a, double[,] v, int p, int q)
    {
        // Beside the diagonal elements too small to change them: rotating further would never reach 0.
        if (Math.Abs(a[p, q]) <= 1e-18 * (Math.Abs(a[p, p]) + Math.Abs(a[q, q])))
        {
            a[p, q] = a[q, p] = 0;
            return;
        }

        var n = a.GetLength(0);
        var tau = (a[q, q] - a[p, p]) / (2 * a[p, q]);
        var t = (tau < 0 ? -1 : 1) / (Math.Abs(tau) + Math.Sqrt(1 + tau * tau));
        var cos = 1 / Math.Sqrt(1 + t * t);
        var sin = t * cos;
        for (var i = 0; i < n; i++)
            (a[i, p], a[i, q]) = (cos * a[i, p] - sin * a[i, q], sin * a[i, p] + cos * a[i, q]);
        for (var i = 0; i < n; i++)
            (a[p, i], a[q, i]) = (cos * a[p, i] - sin * a[q, i], sin * a[p, i] + cos * a[q, i]);
        for (var i = 0; i < n; i++)
            (v[i, p], v[i, q]) = (cos * v[i, p] - sin * v[i, q], sin * v[i, p] + cos * v[i, q]);
        a[p, q] = a[q, p] = 0;
    }

    private static double OffDiagonal(double[,] a)
    {
        var sum = 0.0;
        for (var i = 0; i < a.GetLength(0); i++)
            for (var j = i + 1; j < a.GetLength(0); j++)
                sum += Math.Abs(a[i, j]);
        return sum;
    }
}
